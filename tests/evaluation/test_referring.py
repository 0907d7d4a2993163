"""Measuring segmenters on the layouts of ReasonSeg and RefCOCO: figures known beforehand, resuming, refusals.

The data sets are drawn by the tests. The engine finds the things of ``colour_engines.room`` exactly, in boxes
of known sizes, so that every figure can be counted by hand: sofa 50x35, lamp 12x60, rug 70x15, picture 25x25.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.cli import evaluate
from evaluation.referring import datasets
from evaluation.referring.datasets import read
from evaluation.referring.measure import measure
from evaluation.referring.metrics import Overlap, overlap, score
from pocket import rooms
from tests.support import colour_engines
from tests.support.colour_engines import HEIGHT, THINGS, WIDTH, ColourFinder, Pixels, room
from tests.support.command_line import Result, Run
from tools.engines import registry
from tools.errors import EngineError, ToolError
from tools.pictures import read_picture, write_picture
from tools.segmenting.base import CancelCheck, Found, never

ROOT = Path(__file__).parents[2]
SLOW_MARK = "SLOW_FINDER_MARK"

Box = tuple[int, int, int, int]


def corners(box: Box) -> list[list[float]]:
    """A polygon whose outline and inside are the pixels of a half-open box; the fractions are cut off."""
    x0, y0, x1, y1 = box
    return [[x0 + 0.9, y0 + 0.2], [x1 - 0.1, y0 + 0.2], [x1 - 0.1, y1 - 0.5], [x0 + 0.9, y1 - 0.5]]


# --- ReasonSeg ----------------------------------------------------------------------------------------------


def put_annotated(
    folder: Path, name: str, text: str, shapes: Sequence[tuple[str, Box]], *, long: bool = False
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_picture(folder / f"{name}.jpg", room())
    annotation = {
        "text": [f" {text} ", "another wording"],
        "is_sentence": long,
        "shapes": [{"label": label, "points": corners(box)} for label, box in shapes],
    }
    (folder / f"{name}.json").write_text(json.dumps(annotation, ensure_ascii=False), encoding="cp1252")


@pytest.fixture
def reasonseg(tmp_path: Path) -> Path:
    val = tmp_path / "ReasonSeg" / "val"
    sofa, (x, y, _, bottom) = THINGS["sofa"][1], THINGS["lamp"][1]
    put_annotated(val, "a", "The café's sofa", [("target", sofa)])
    # A small target on a large region to ignore, written before it; and a label that is not drawn at all.
    everything = [("target", (0, 0, 10, 10)), ("ignore", (0, 0, WIDTH, 60)), ("FLAG", (0, 0, WIDTH, HEIGHT))]
    put_annotated(val, "b", "everything", everything)
    put_annotated(val, "c", "Where is the lamp?", [("target", (x, y, x + 24, bottom))], long=True)
    put_annotated(val, "d", "Is there an elephant?", [], long=True)
    # A hole in the target, written before it.
    put_annotated(val, "e", "What is a sofa?", [("Ignored", (30, 70, 40, 80)), ("target", sofa)], long=True)
    put_annotated(tmp_path / "ReasonSeg" / "test", "a", "the rug", [("target", THINGS["rug"][1])])
    return tmp_path / "ReasonSeg"


# The intersections and unions of the pictures a … e.
A, B, C, D, E = (1750, 1750), (100, 100 + 160 * 60), (720, 1440), (0, 0), (1650, 1650)


def figures(*counts: tuple[int, int], blank: int = 0) -> dict[str, Any]:
    ious = [i / u if u else 1.0 for i, u in counts]
    return {
        "phrases": len(counts),
        "giou": pytest.approx(sum(ious) / len(ious)),
        "ciou": pytest.approx(sum(i for i, _ in counts) / sum(u for _, u in counts)),
        "blank": blank,
    }


def test_reasonseg_counts_as_the_original_does(reasonseg: Path) -> None:
    finder = ColourFinder()
    report = measure(finder, read("reasonseg", reasonseg, ["val", "test"])).as_json()
    assert report["figures"] == {
        "val": {
            "overall": figures(A, B, C, D, E, blank=1),
            "short": figures(A, B),
            "long": figures(C, D, E, blank=1),
        },
        "test": {"overall": figures((1050, 1050)), "short": figures((1050, 1050))},
    }
    assert finder.asked[0] == ("The café's sofa",)  # the first wording, as it is written
    paper = report["paper"]["figures"]
    assert paper["val"]["overall"]["LISA-13B (ft)"] == {"giou": 0.562, "ciou": 0.629}
    assert paper["test"]["long"]["LISA-7B"] == {"giou": 0.366, "ciou": 0.347}


@pytest.mark.parametrize(
    ("points", "pixels"),
    [
        ([[67, 49], [114, 26], [109, 14]], 387),
        ([[60, 71], [111, 85], [74, 64], [66, 107], [35, 94]], 1032),
        ([[55, 114], [93, 112], [46, 80], [109, 76]], 1034),
        ([[7, 9]], 1),
    ],
)
def test_an_outline_belongs_to_its_polygon(tmp_path: Path, points: list[list[int]], pixels: int) -> None:
    """The counts are those of OpenCV's polylines and fillPoly, which the original draws with."""
    put_annotated(tmp_path / "val", "a", "everything", [])
    annotation = json.loads((tmp_path / "val" / "a.json").read_text())
    annotation["shapes"] = [{"label": "target", "points": points}]
    (tmp_path / "val" / "a.json").write_text(json.dumps(annotation))
    report = measure(ColourFinder(), read("reasonseg", tmp_path, ["val"]))
    assert report.figures["val"]["overall"].ciou == pixels / (WIDTH * HEIGHT)


def test_figures_of_nothing_and_of_nothing_where_nothing_is() -> None:
    empty = np.zeros((2, 3), np.bool_)
    nothing = overlap(empty, empty, empty)
    assert (nothing.iou, score([nothing]).giou, score([nothing]).ciou) == (1.0, 1.0, 1.0)
    assert overlap(~empty, empty, empty).iou == 0.0
    assert overlap(~empty, empty, ~empty) == Overlap(0, 0, 0)
    assert (score([]).phrases, score([]).giou, score([]).ciou) == (0, None, None)


# --- RefCOCO ------------------------------------------------------------------------------------------------


def runs(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, Any]:
    """COCO's run lengths of a mask, down the columns, beginning with what is outside."""
    flat = np.concatenate([[False], mask.T.ravel(), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate([[0], edges, [mask.size]]))
    return {"size": list(mask.shape), "counts": [int(count) for count in counts]}


def polygon(box: Box) -> list[float]:
    """COCO counts a pixel by its middle, so a half-open box is its own polygon."""
    x0, y0, x1, y1 = box
    return [x0, y0, x1, y0, x1, y1, x0, y1]


@dataclass
class Coco:
    """The files of ``refcoco`` in the making."""

    folder: Path
    name: str = "refcoco"
    refs_name: str = "refs(unc).p"

    def __post_init__(self) -> None:
        self.pictures = self.folder / "images/mscoco/images/train2014"
        self.pictures.mkdir(parents=True)
        (self.folder / self.name).mkdir()
        self.instances: dict[str, Any] = {"images": [], "annotations": [], "categories": []}
        self.refs: list[dict[str, Any]] = []

    def add_picture(self, number: int, pixels: Pixels) -> None:
        file = f"COCO_train2014_{number:012}.jpg"
        write_picture(self.pictures / file, pixels)
        height, width = pixels.shape[:2]
        self.instances["images"].append({"id": number, "file_name": file, "height": height, "width": width})

    def add(self, picture: int, segmentation: object, split: str, *sentences: str) -> None:
        number = 1000 + len(self.refs)
        thing = {"id": number, "image_id": picture, "segmentation": segmentation, "iscrowd": 0}
        self.instances["annotations"].append(thing)
        self.refs.append(
            {
                "ref_id": len(self.refs),
                "ann_id": number,
                "image_id": picture,
                "split": split,
                "file_name": "ignored.jpg",
                "sentences": [{"sent": text, "sent_id": 0, "tokens": text.split()} for text in sentences],
            }
        )

    def save(self) -> Path:
        # The published files were pickled by Python 2.
        (self.folder / self.name / self.refs_name).write_bytes(pickle.dumps(self.refs, protocol=2))
        (self.folder / self.name / "instances.json").write_text(json.dumps(self.instances))
        return self.folder


@pytest.fixture
def coco(tmp_path: Path) -> Coco:
    made = Coco(tmp_path / "refer")
    for number in (7, 3):
        made.add_picture(number, room())
    return made


def box_mask(box: Box) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def test_refcoco_reads_polygons_and_run_lengths(coco: Coco) -> None:
    sofa, lamp, rug, picture = (THINGS[name][1] for name in ("sofa", "lamp", "rug", "picture"))
    coco.add(7, [polygon((20, 60, 50, 95)), polygon((40, 60, 70, 95)), [1, 1, 9, 9]], "val", " The SOFA ")
    coco.add(3, runs(box_mask(lamp)), "val", "lamp", "lamp with a shade")
    packed = datasets.coco_masks().frPyObjects(runs(box_mask(rug)), HEIGHT, WIDTH)
    coco.add(7, [{"size": packed["size"], "counts": packed["counts"].decode()}], "val", "rug")
    coco.add(7, [polygon((35, 10, 60, 60))], "val", "picture", "rug")  # "rug" is said of two things
    coco.add(3, [polygon(sofa)], "testA", "sofa")
    coco.add(3, [polygon(picture)], "testAB", "picture")
    coco.add(3, [polygon(lamp)], "testB", "rug")
    coco.add(3, "not looked at", "train", "sofa")
    finder = ColourFinder()
    report = measure(finder, read("refcoco", coco.save(), ["val", "testA", "testB"])).as_json()
    # All phrases of a picture in one call, in the order in which the pictures first come, and each once.
    assert finder.asked == [
        ("the sofa", "rug", "picture"),
        ("lamp", "lamp with a shade"),
        ("sofa", "picture"),
        ("picture", "rug"),
    ]
    half, missed = (625, 1250), (0, 1050 + 1250)
    right = [(1750, 1750), (720, 720), (720, 720), (1050, 1050)]
    assert report["figures"] == {
        "val": {"overall": figures(*right, half, missed)},
        "testA": {"overall": figures((1750, 1750), (625, 625))},
        "testB": {"overall": figures((625, 625), (0, 720 + 1050))},
    }
    assert report["paper"]["figures"]["testB"]["overall"]["LISA-7B"] == {"giou": None, "ciou": 0.711}


def test_refcocog_has_refs_of_its_own(tmp_path: Path) -> None:
    coco = Coco(tmp_path, "refcocog", "refs(umd).p")
    coco.add_picture(1, room())
    coco.add(1, [polygon(THINGS["rug"][1])], "test", "the rug")
    report = measure(ColourFinder(), read("refcocog", coco.save(), ["test"])).as_json()
    assert report["figures"]["test"]["overall"] == figures((1050, 1050))


# --- Resuming -----------------------------------------------------------------------------------------------


class TiredFinder(ColourFinder):
    """Somebody presses Ctrl-C while it looks at the third picture."""

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        if len(self.asked) == 2:
            raise KeyboardInterrupt
        return super().segment(picture, phrases, cancelled=cancelled)


def lasting(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what differs from run to run."""
    return {name: value for name, value in report.items() if name not in ("date", "seconds")}


def test_an_interrupted_run_goes_on_and_ends_as_one_run_does(reasonseg: Path, tmp_path: Path) -> None:
    selection = read("reasonseg", reasonseg, ["val", "test"])
    whole = measure(ColourFinder(), selection).as_json()
    record = tmp_path / "record.jsonl"
    with pytest.raises(KeyboardInterrupt):
        measure(TiredFinder(), selection, record=record)
    with record.open("ab") as file:
        file.write(b'{"split":"val","picture":"c.jpg","answe')  # cut off, as by a crash
    finder, steps = ColourFinder(), list[tuple[int, int]]()
    resumed = measure(finder, selection, record=record, progress=lambda *step: steps.append(step)).as_json()
    assert lasting(resumed) == lasting(whole)
    assert len(finder.asked) == 4
    assert steps == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
    assert all(json.loads(line) for line in record.read_text().splitlines())
    again = ColourFinder()
    assert lasting(measure(again, selection, record=record).as_json()) == lasting(whole)
    assert again.asked == []


def test_no_other_run_goes_on_from_a_record(reasonseg: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    selection = read("reasonseg", reasonseg, ["val"])
    measure(ColourFinder(), selection, record=record)
    before = record.read_bytes()
    others = [
        (ColourFinder(revision="2"), selection, "revision .1, and now 2."),
        (ColourFinder(name="another"), selection, "segmenter"),
        (ColourFinder(), read("reasonseg", reasonseg, ["test"]), "splits"),
        (ColourFinder(), read("reasonseg", reasonseg, ["val"], 2), "limit"),
    ]
    for finder, other, why in others:
        with pytest.raises(ToolError, match=f"of a run with other {why}"):
            measure(finder, other, record=record)
        assert finder.asked == []
    put_annotated(reasonseg / "val", "a", "The café's sofa", [("target", THINGS["rug"][1])])
    with pytest.raises(ToolError, match="other annotations"):
        measure(ColourFinder(), read("reasonseg", reasonseg, ["val"]), record=record)
    assert record.read_bytes() == before
    record.write_text("notes of mine\n")
    with pytest.raises(ToolError, match="not a record"):
        measure(ColourFinder(), selection, record=record)
    assert record.read_text() == "notes of mine\n"


# --- The command line ---------------------------------------------------------------------------------------


class SlowFinder(ColourFinder):
    """Takes minutes for the third picture, and says so by making the file that the environment names."""

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        if len(self.asked) == 2:
            Path(os.environ[SLOW_MARK]).touch()
            time.sleep(300)
        return super().segment(picture, phrases, cancelled=cancelled)


@pytest.fixture
def inpalla(inpalla: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, in a folder and a data folder of its own."""
    monkeypatch.setenv("INPALLA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return inpalla


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engines that work on plain colours are the pocket preset's."""
    for name in ("SEGMENTERS", "INPAINTERS", "PRESETS"):
        monkeypatch.setattr(registry, name, getattr(registry, name))
    colour_engines.register()


def test_eval_prints_a_table_and_saves_a_report(inpalla: Run, colours: None, reasonseg: Path) -> None:
    told = inpalla("eval", "reasonseg", "--data", reasonseg, "-o", "r.json")
    assert (told.code, told.err) == (0, "")
    giou = 100 * (1 + 100 / 9700 + 0.5 + 1 + 1) / 5
    assert ["val", "overall", "colour-finder", "5", "1", f"{giou:.1f}", "29.0"] in [
        line.split() for line in told.out.splitlines()
    ]
    assert "LISA-7B, paper" in told.out
    assert "60.0  67.8" in told.out
    report = json.loads(Path("r.json").read_text())
    assert list(report) == [
        "dataset", "segmenter", "revision", "settings", "versions", "content", "date", "seconds", "figures",
        "paper",
    ]  # fmt: skip
    assert report["settings"] | {"device": ""} == {"splits": ["val"], "limit": None, "device": ""}
    assert set(report["versions"]) == {"inpalla", "torch", "transformers"}
    shown = inpalla("eval", "reasonseg", "--data", reasonseg, "-o", "r.json", "--json")
    assert lasting(json.loads(shown.out)) == lasting(report)


def test_ctrl_c_keeps_what_was_measured(inpalla: Run, colours: None, reasonseg: Path, tmp_path: Path) -> None:
    code = (
        "from types import MappingProxyType; from tests.support import colour_engines;"
        "from tools.engines import registry;"
        "colour_engines.register();"
        "slow = {'colour-finder': 'tests.evaluation.test_referring:SlowFinder'};"
        "registry.SEGMENTERS = MappingProxyType(slow);"
        "from agent.cli.main import main; main()"
    )
    arguments = ["eval", "reasonseg", "--data", str(reasonseg), "-o", "r.json"]
    mark = tmp_path / "mark"
    more = {"PYTHONPATH": str(ROOT), SLOW_MARK: str(mark)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **more},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 120
        while not mark.exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "run the same command again" in err
    assert not Path("r.json").exists()
    assert len(Path("r.items.jsonl").read_text().splitlines()) == 3  # what is measured, and two pictures
    assert inpalla(*arguments).code == 0
    whole = json.loads(inpalla("eval", "reasonseg", "--data", reasonseg, "--json").out)
    assert lasting(json.loads(Path("r.json").read_text())) == lasting(whole)


def test_the_pocket_preset_is_measured(inpalla: Run, tmp_path: Path) -> None:
    coco = Coco(tmp_path / "refer")
    drawn = rooms.render(rooms.make_scene(2**31), (256, 192))
    coco.add_picture(1, drawn.picture)
    for name, index in (("the floor", rooms.FLOOR), ("the wall", rooms.WALL), ("the sofa", rooms.FLOOR)):
        coco.add(1, runs(rooms.mask(drawn, index)), "val", name)
    told = inpalla("eval", "refcoco", "--data", coco.save(), "--preset", "pocket", "--limit", "2", "--json")
    assert (told.code, told.err) == (0, "")
    report = json.loads(told.out)
    engine = registry.load_segmenter("lisa-pocket")
    seen = read_picture(coco.pictures / "COCO_train2014_000000000001.jpg").pixels
    floor, wall = (each.mask for each in engine.segment(seen, ["the floor", "the wall"]))
    true_floor, true_wall = rooms.mask(drawn, rooms.FLOOR), rooms.mask(drawn, rooms.WALL)
    pairs = [(floor & true_floor, floor | true_floor), (wall & true_wall, wall | true_wall)]
    expected = figures(*((int(both.sum()), int(either.sum())) for both, either in pairs))
    assert report["figures"] == {
        "val": {"overall": expected | {"blank": (not floor.any()) + (not wall.any())}}
    }
    assert (report["segmenter"], report["revision"]) == ("lisa-pocket", engine.revision)
    assert report["settings"]["limit"] == 2
    assert report["seconds"] > 0


# --- What goes wrong ----------------------------------------------------------------------------------------


def assert_refused(result: Result, *words: str) -> None:
    """Exit code 1 and one line on stderr, which says the words."""
    said = result.err.strip()
    assert (result.code, result.out) == (2 if said.startswith("There is no preset") else 1, "")
    assert "\n" not in said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said


def test_wrong_usage_is_told_before_anything_is_read(inpalla: Run, colours: None, reasonseg: Path) -> None:
    for wrong in (
        ("ade20k", "--data", reasonseg),
        ("reasonseg",),
        ("reasonseg", "--data", reasonseg, "--split", "testA"),
        ("reasonseg", "--data", reasonseg, "--limit", "0"),
    ):
        told = inpalla("eval", *wrong)
        assert (told.code, told.out) == (2, "")
        assert "Traceback" not in told.err
    good = ("eval", "reasonseg", "--data", reasonseg)
    assert_refused(inpalla("eval", "reasonseg", "--data", "nowhere"), "There is no folder nowhere")
    assert_refused(inpalla(*good, "--segmenter", "eyes"), "no segmenter 'eyes'")
    assert_refused(inpalla(*good, "--preset", "huge"), "no preset 'huge'")
    assert_refused(inpalla(*good, "-o", "r.txt"), "must end in .json")
    assert_refused(inpalla(*good, "-o", "nowhere/r.json"), "There is no folder")
    assert tuple(datasets.DATASETS) == evaluate.DATASETS


def test_what_is_wrong_with_reasonseg_is_named(inpalla: Run, colours: None, reasonseg: Path) -> None:
    val = reasonseg / "val"

    def told() -> Result:
        return inpalla("eval", "reasonseg", "--data", reasonseg, "-o", "r.json")

    assert_refused(inpalla("eval", "reasonseg", "--data", val), "not in ReasonSeg's layout", "folder val")
    assert_refused(inpalla("eval", "reasonseg", "--data", reasonseg, "--split", "train"), "folder train")
    good = json.loads((val / "b.json").read_text(encoding="cp1252"))
    shape = {"label": "target", "points": [[0, 0], [5, float("inf")], [5, 5]]}
    for broken, word in (
        ("{", "JSON"),
        ("[]", ""),
        (json.dumps(good | {"text": []}), "text"),
        (json.dumps(good | {"text": [" "]}), "text is empty"),
        (json.dumps(good | {"is_sentence": "who knows"}), "is_sentence"),
        (json.dumps(good | {"shapes": [shape]}), "shapes.0.points.1.1"),
    ):
        (val / "b.json").write_text(broken)
        assert_refused(told(), str(val / "b.json"), "is broken", word)
    (val / "b.json").write_text(json.dumps(good))
    (val / "b.jpg").rename(val / "b.gone")
    assert_refused(told(), f"The picture {val / 'b.jpg'} is missing")
    (val / "b.jpg").write_bytes(b"no picture")
    assert_refused(told(), "b.jpg")  # found out when its turn comes, and what came before is kept
    (val / "b.gone").rename(val / "b.jpg")
    assert len(Path("r.items.jsonl").read_text().splitlines()) == 2
    assert told().code == 0
    (val / "b.json").unlink()
    assert_refused(told(), "b.json is missing")


class Malice:
    """What a pickle can do to whoever opens it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def test_a_pickle_that_would_run_a_program_is_not_opened(inpalla: Run, coco: Coco, tmp_path: Path) -> None:
    coco.add(7, [polygon(THINGS["rug"][1])], "val", "the rug")
    refs = coco.save() / "refcoco" / "refs(unc).p"
    refs.write_bytes(pickle.dumps([Malice(tmp_path / "harm")]))
    pickle.loads(refs.read_bytes())
    assert (tmp_path / "harm").exists()  # so it does work
    (tmp_path / "harm").unlink()
    assert_refused(inpalla("eval", "refcoco", "--data", coco.folder), str(refs), "more than plain data")
    assert not (tmp_path / "harm").exists()


def test_what_is_wrong_with_refcoco_is_named(inpalla: Run, colours: None, coco: Coco) -> None:
    rug = [polygon(THINGS["rug"][1])]
    coco.add(7, rug, "val", "the rug")
    folder = coco.save()
    refs, instances = folder / "refcoco" / "refs(unc).p", folder / "refcoco" / "instances.json"

    def told(**changes: Any) -> Result:
        values: dict[str, Any] = json.loads(json.dumps(coco.instances))
        values["annotations"][0] |= changes
        instances.write_text(json.dumps(values))
        return inpalla("eval", "refcoco", "--data", folder)

    assert_refused(
        inpalla("eval", "refcoco+", "--data", folder), "refcoco+/refs(unc).p and refcoco+/instances.json"
    )
    assert_refused(
        inpalla("eval", "refcoco", "--data", folder, "--split", "testA"), "nothing in the split testA"
    )
    size = {"size": [HEIGHT, WIDTH]}
    for broken, word in (
        ("words", "segmentation"),
        ([[0, 0, 5, 0, 5, 5, 0]], "half a point"),
        (size | {"counts": [5, 5]}, "do not fill"),
        ({"size": [4, 4], "counts": [16]}, "another size"),
        ([size | {"counts": "zzzz"}], "damaged"),
    ):
        assert_refused(told(segmentation=broken), str(instances), "is broken", word)
    assert_refused(told(id=5), "number 1000 is missing from its annotations")
    coco.instances["images"][0]["width"] += 1
    assert_refused(told(), "COCO_train2014_000000000007.jpg", "161x120")
    coco.instances["images"][0]["file_name"] = "../../secret.jpg"
    assert_refused(told(), str(instances), "file_name")
    refs.write_bytes(b"\x80\x04 no pickle")
    assert_refused(told(), str(refs), "is broken")
    refs.write_bytes(pickle.dumps([{"ref_id": 1}]))
    assert_refused(told(), str(refs), "ann_id")


def test_refcoco_needs_pycocotools(inpalla: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)  # as if it were not installed
    coco = Coco(tmp_path / "refer")
    coco.add_picture(1, room())
    coco.add(1, [polygon(THINGS["rug"][1])], "val", "the rug")
    assert_refused(inpalla("eval", "refcoco", "--data", coco.save()), "pip install pycocotools")


class Careless(ColourFinder):
    """Returns masks of half the size."""

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        return super().segment(np.ascontiguousarray(picture[::2, ::2]), phrases, cancelled=cancelled)


def test_a_segmenter_that_breaks_its_promise_is_told_so(reasonseg: Path) -> None:
    with pytest.raises(EngineError, match="one mask of the picture's size"):
        measure(Careless(), read("reasonseg", reasonseg, ["val"]))
