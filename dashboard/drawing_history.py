"""What was on the sheet after each stroke, for Undo and Redo."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_STEPS = 200


@dataclass(frozen=True)
class Drawing:
    """What is on the sheet.

    Attributes:
        strokes: as the canvas describes them, oldest first.
        picture: (h, w) uint8 grey; ink is dark in the light theme and light in the dark one. None until the
            canvas has sent it.
    """

    strokes: list[dict[str, Any]]
    picture: NDArray[np.uint8] | None


@dataclass
class History:
    """The sheet after each stroke and each Clear, for Undo and Redo.

    Attributes:
        steps: oldest first; the first is the empty sheet.
        position: of what is on the sheet now.
    """

    steps: list[Drawing] = field(default_factory=lambda: [Drawing([], None)])
    position: int = 0

    @property
    def now(self) -> Drawing:
        """What is on the sheet."""
        return self.steps[self.position]

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was drawn yet."""
        return len(self.steps) == 1 and not self.now.strokes

    def record(self, strokes: list[dict[str, Any]], picture: NDArray[np.uint8] | None) -> None:
        """Take what the canvas has sent: the same strokes once more, or one or several new ones."""
        drawn = len(self.now.strokes)
        if len(strokes) == drawn:
            self.steps[self.position] = Drawing(strokes, picture)
            return
        # Strokes in quick succession come together; each is a step of its own.
        between = [Drawing(strokes[:count], None) for count in range(drawn + 1, len(strokes))]
        self._go_on([*between, Drawing(strokes, picture)])

    def record_late(self, strokes: list[dict[str, Any]], picture: NDArray[np.uint8] | None) -> bool:
        """Take what the canvas shows of a step that has been left again; return False if it is of no other step."""
        paths = [stroke["path"] for stroke in strokes]
        for place, step in enumerate(self.steps):
            if place != self.position and [stroke["path"] for stroke in step.strokes] == paths:
                self.steps[place] = Drawing(strokes, picture)
                return True
        return False

    def clear(self) -> None:
        """Empty the sheet; Undo brings it back."""
        self._go_on([Drawing([], None)])

    def step(self, by: int) -> None:
        """Go back or forth."""
        shown = self.now.picture
        self.position = min(max(self.position + by, 0), len(self.steps) - 1)
        if self.now.picture is None and self.now.strokes:
            # Until the canvas sends the right one, which takes a moment; a blank would flicker.
            self.steps[self.position] = replace(self.now, picture=shown)

    def _go_on(self, steps: list[Drawing]) -> None:
        self.steps = (self.steps[: self.position + 1] + steps)[-_MOST_STEPS:]
        self.position = len(self.steps) - 1
