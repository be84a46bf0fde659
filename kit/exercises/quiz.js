{
  const quiz = document.currentScript.closest(".kit-quiz");
  const words = quiz.dataset;
  const questions = [...quiz.querySelectorAll("section")];
  const first = new Map(); // question -> was the first answer that was opened the right one?
  const result = document.createElement("div");
  result.setAttribute("role", "status");
  result.hidden = true;
  quiz.append(result);

  const show = (number) => {
    questions.forEach((question, i) => (question.hidden = i !== number));
    result.hidden = number < questions.length;
    if (result.hidden) return;
    const right = [...first.values()].filter(Boolean).length;
    result.textContent = words.result.replace("{right}", right) + " " + words.again;
    result.append(document.createElement("br"), button(words.back, number - 1));
  };
  const button = (text, number) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => {
      show(number);
      const shown = questions[number] ?? result;
      shown.tabIndex = -1;
      shown.focus();
    });
    return made;
  };
  questions.forEach((question, i) => {
    for (const answer of question.querySelectorAll("details")) {
      answer.addEventListener("toggle", () => {
        if (!answer.open || first.has(question)) return;
        first.set(question, answer.dataset.right === "1");
        onward.disabled = false;
      });
    }
    if (i > 0) question.append(button(words.back, i - 1));
    const onward = button(i + 1 < questions.length ? words.next : words.last, i + 1);
    onward.disabled = true; // until an answer is chosen
    question.append(onward);
  });
  show(0);
}
