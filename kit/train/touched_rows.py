"""The rows of a word table that a training has touched: AdamW needs moments for no others.

V rows of the table, R touched rows, D width.
"""

import torch
from torch import Tensor, nn

__all__ = ["TouchedRows"]

MOST = 0.5
"""Share of touched rows from which the whole table is updated: it is faster then."""


class TouchedRows:
    """The rows (R, D) of a word table (V, D) that have had a gradient, as a parameter for AdamW.

    Without weight decay AdamW does not change a row that never had a gradient: its moments are 0.
    So the touched rows alone get the same values, with 2 R D moments in place of 2 V D. A row that
    is touched later begins with moments of 0, as it would have them in the whole table.

    adamw: its parameter `table` is replaced by `rows`. `gather` before its step, `scatter` after.
    """

    def __init__(self, table: nn.Parameter, adamw: torch.optim.AdamW) -> None:
        self.table = table
        self.adamw = adamw
        self.numbers = torch.empty(0, dtype=torch.long)  # (R,), of the touched rows
        self.rows = nn.Parameter(table.detach()[self.numbers])  # (R, D)
        self._put(self.rows, in_place_of=table)

    def gather(self) -> None:
        """Take the values and the gradients of all rows that were touched so far."""
        if self.table is self.rows:
            return
        gradient = self.table.grad
        if gradient is not None:
            # A tenth of the time of gradient.ne(0).any(1).
            touched = (gradient.amax(1) != 0) | (gradient.amin(1) != 0)  # (V,)
            touched[self.numbers] = False
            if touched.any():
                self._grow(touched.nonzero()[:, 0])
        if self.table is self.rows:
            return
        self.rows.data = self.table.detach()[self.numbers]
        self.rows.grad = None if gradient is None else gradient[self.numbers]

    def scatter(self) -> None:
        """Write the updated rows into the table."""
        if self.table is not self.rows:
            self.table.detach()[self.numbers] = self.rows.detach()

    def _grow(self, new: Tensor) -> None:
        """Add rows, with moments of 0; or all rows, from `MOST` of them on."""
        old, state = self.rows, self.adamw.state.pop(self.rows, {})
        before = self.numbers
        self.numbers = torch.cat([before, new])
        if len(self.numbers) > MOST * len(self.table):
            self.rows, places, shape = self.table, before, self.table.shape
        else:
            self.rows = nn.Parameter(self.table.detach()[self.numbers])
            places, shape = slice(len(before)), self.rows.shape
        self._put(self.rows, in_place_of=old)
        for name, value in state.items():
            if name != "step":
                moments = torch.zeros(shape)
                moments[places] = value
                state[name] = moments
        if state:
            self.adamw.state[self.rows] = state

    def _put(self, parameter: nn.Parameter, *, in_place_of: nn.Parameter) -> None:
        for group in self.adamw.param_groups:
            group["params"] = [parameter if p is in_place_of else p for p in group["params"]]
