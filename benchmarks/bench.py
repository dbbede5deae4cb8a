"""The objects that rows share: the pages, each built once, and the visits of the browser."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from . import alone, peers
from .browser import CONTROL, CONTROL_PAGE, OURS, PEERS, Chromium, Look, Visit, served
from .ours import BuildError, Project, crowded_pages, other_pages, view_pages
from .plan import SCRIPTS
from .table import Measured, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from .plan import Plan


@dataclass(frozen=True)
class PeerPage:
    """One of BertViz's pages.

    Attributes:
        path: the path of the file.
        seconds: the time to write the page from an attention that is ready.
        over: the most memory that the writing took, in bytes.
        bytes: the size of the page as BertViz wrote it.
    """

    path: Path
    seconds: float
    over: int
    bytes: int


class Bench:
    """The shared objects of one run. Each is made when it is first used.

    Args:
        folder: the folder of all files; it is empty at first.
        plan: how much is measured.
        say: shows progress to the person who waits.
    """

    def __init__(self, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.plan = plan
        self.say = say
        self.used_chromium = ""
        self.filled = 0
        """The number of figures of the counted projects whose numbers are in the shared store."""
        self._stack = ExitStack()
        self._sites: dict[str, Project | BuildError] = {}
        self._visits: dict[int, dict[str, list[Visit]]] = {}
        self._pages: dict[tuple[str, int], PeerPage | alone.AloneError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def store(self) -> Path:
        """The store that all projects share."""
        return self.folder / "store"

    @cached_property
    def views(self) -> tuple[str, ...]:
        """The views that draw the attention over one sentence."""
        from sphinx_attention.core.views import VIEWS

        return tuple(one.name for one in VIEWS.values() if not (one.summary or one.needs_picture))

    @cached_property
    def chromium(self) -> Chromium:
        """The browser."""
        chromium = Chromium()
        self._stack.callback(chromium.close)
        self.used_chromium = chromium.version
        return chromium

    def site(self, view: str) -> Project:
        """The built project of one view, with a page a size; ``others`` and ``crowded`` mix views.

        A view that fails does not affect the others.

        Raises:
            BuildError: the project does not build.
        """
        built = self._sites.get(view)
        if built is None:
            self.say(f"building our pages: {view}")
            project = Project(self.folder / "ours" / view, self.store)
            if view in self.views:
                project.write(view_pages(view, self.plan.sizes))
            else:
                project.write({"others": other_pages, "crowded": crowded_pages}[view]())
            try:
                project.build(strict=False)
                built = project
            except BuildError as error:
                built = error
            self._sites[view] = built
        if isinstance(built, BuildError):
            raise built
        return built

    def page_url(self, view: str, page: str) -> str:
        """The address of a page of a built site, under a strict policy."""
        return f"{self.our_url}/{view}/_build/{page}.html"

    @cached_property
    def our_url(self) -> str:
        """The address of our pages."""
        return self._stack.enter_context(served(self.folder / "ours", strict=True))

    @cached_property
    def peer_folder(self) -> Path:
        """The folder of BertViz's pages, with the scripts that the pages need."""
        folder = self.folder / "peers"
        folder.mkdir()
        peers.fetch_scripts()
        (folder / "cdn").symlink_to(SCRIPTS)
        (folder / "control.html").write_text(CONTROL_PAGE)
        return folder

    @cached_property
    def peer_url(self) -> str:
        """The address of BertViz's pages."""
        return self._stack.enter_context(served(self.peer_folder, strict=False))

    def peer_views(self, tokens: int) -> tuple[str, ...]:
        """The views of BertViz that are drawn at this size."""
        return peers.VIEWS if tokens in self.plan.peer_sizes else peers.VIEWS[:1]

    def peer_page(self, view: str, tokens: int) -> PeerPage:
        """One of BertViz's pages, written once.

        Raises:
            AloneError: the page cannot be written within the limits of the plan.
        """
        place = view, tokens
        if place not in self._pages:
            self._pages[place] = self._peer_page(view, tokens)
        written = self._pages[place]
        if isinstance(written, alone.AloneError):
            raise written
        return written

    def _peer_page(self, view: str, tokens: int) -> PeerPage | alone.AloneError:
        path = self.peer_folder / f"{view}-{tokens}.html"
        self.say(f"BertViz writes its {view} view of {tokens} tokens")
        try:
            answer = alone.run(
                "peer_page",
                seconds=self.plan.limit,
                gigabytes=self.plan.gigabytes,
                view=view,
                tokens=tokens,
                path=str(path),
                scripts="/cdn",
            )
        except alone.AloneError as error:
            return alone.AloneError(f"its page is not written: {error}")
        return PeerPage(path, answer["seconds"], answer["over"], answer["bytes"])

    @property
    def control(self) -> tuple[str, Look]:
        """A page that does almost nothing."""
        return f"{self.peer_url}/control.html", CONTROL

    def visits(self, tokens: int) -> dict[str, list[Visit]]:
        """Open every page of a size several times, in turn.

        Returns:
            Visits by ``ours VIEW``, ``peer VIEW`` and ``control``.
        """
        if tokens not in self._visits:
            pages: dict[str, tuple[str, Look]] = {}
            broken: dict[str, list[Visit]] = {}
            for view in self.views:
                try:
                    self.site(view).markup(f"{view}-{tokens}")
                except BuildError as error:
                    broken[f"ours {view}"] = [Visit(problem=str(error))]
                else:
                    pages[f"ours {view}"] = self.page_url(view, f"{view}-{tokens}"), OURS
            for view in self.peer_views(tokens):
                try:
                    page = self.peer_page(view, tokens)
                except alone.AloneError as error:
                    broken[f"peer {view}"] = [Visit(problem=str(error))]
                else:
                    pages[f"peer {view}"] = f"{self.peer_url}/{page.path.name}", PEERS[view]
            pages["control"] = self.control
            self._visits[tokens] = self.open_in_turn(pages, f"{tokens} tokens") | broken
        return self._visits[tokens]

    def open_in_turn(
        self, pages: Mapping[str, tuple[str, Look]], what: str
    ) -> dict[str, list[Visit]]:
        """Open pages several times, and point at their targets.

        Returns:
            The visits, by the names of the pages.
        """
        visits: dict[str, list[Visit]] = {name: [] for name in pages}
        spent = dict.fromkeys(pages, 0.0)
        # A browser that has just started is slower than later.
        self.chromium.visit(*self.control, self.plan.limit)
        for round_ in range(self.plan.runs):
            for name, (url, look) in pages.items():
                if spent[name] > self.plan.budget:
                    continue
                self.say(f"{what}, {name}, visit {round_ + 1}")
                visit = self.chromium.visit(url, look, self.plan.limit, self.plan.hovers)
                visits[name].append(visit)
                gone = self.plan.limit if visit.problem else (visit.painted or 0) / 1000
                spent[name] += gone
        return visits


def measured(
    visits: list[Visit], unit: Unit, take: Callable[[Visit], float | list[float] | None]
) -> Measured:
    """One quantity of several visits. Each hover of a visit is a sample."""
    samples: list[float] = []
    for visit in visits:
        value = take(visit)
        if isinstance(value, list):
            samples += value
        elif value is not None:
            samples.append(value)
    problem = next((visit.problem for visit in visits if visit.problem), "")
    return Measured(tuple(samples), unit, "" if samples else problem)
