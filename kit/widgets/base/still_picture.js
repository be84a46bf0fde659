name => {
    const picture = document.getElementById(name);
    const output = picture?.closest(".jp-OutputArea-child");
    const widget = output?.previousElementSibling?.querySelector(".jp-OutputArea-output");
    if (!widget) return; // another page than JupyterLab's: the picture stays
    const content = [...picture.childNodes];
    const look = () => {
        const dead = !widget.childElementCount && content.length;
        picture.replaceChildren(...dead ? content : []);
        output.style.display = dead ? "" : "none";
        widget.parentElement.style.display = dead ? "none" : "";
    };
    new MutationObserver(look).observe(widget, { childList: true });
    look();
}
