"""Solutions of lesson 05's exercises, and wrong answers that must be told why."""


def forward(x, W, loras, tasks, alpha=16, scale=lambda alpha, A: alpha / len(A), task=None):
    """Each row with the LoRA of its task."""
    y = x @ W.T
    for i, name in enumerate(tasks):
        A, B = loras[task or name]
        y[i] += scale(alpha, A) * B @ (A @ x[i])
    return y


def changed(x, W, loras, tasks, alpha=16):
    """Adds the LoRA to the frozen matrix itself."""
    A, B = loras[tasks[0]]
    W += alpha / len(A) * B @ A
    return x @ W.T


def without_scale(*given):
    return forward(*given, scale=lambda alpha, A: 1)


def without_rank(*given):
    return forward(*given, scale=lambda alpha, A: alpha)


SOLUTIONS = {
    "1": lambda: (lambda r: 6 * 2 * r * (384 + 384),),
    "2": lambda: (forward,),
    "3": lambda: (0.75,),
}
WRONG = {
    "1": [
        (8,),
        (lambda r: 6 * 2 * 384 * r,),
        (lambda r: 2 * 768 * r,),
        (lambda r: 384 * r,),
        (lambda r: "many",),
        (lambda: 7,),
    ],
    "2": [
        (changed,),
        (without_scale,),
        (without_rank,),
        (lambda x, W, loras, tasks, alpha: x @ W.T,),
        (lambda *given: forward(*given) - given[0] @ given[1].T,),
        (lambda *given: forward(*given, task="films"),),
        (lambda *given: forward(*given, task="news"),),
        (lambda *given: forward(*given).T,),
        (lambda x, W, loras, tasks, alpha: W @ x,),
        (lambda *given: [1, 2],),
        (lambda *given: None,),
        ("lora",),
    ],
    "3": [(0.25,), (1 / 3,), (0.5,), ("most",), (None,)],
}
