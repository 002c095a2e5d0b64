"""The gallery is what the lifecycles say today: a changed table, an edited or a left-over file is a red test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs
import pytest

from stampcard.draw import _svg, gallery
from stampcard.draw._providers import described
from stampcard.guards import GUARDS
from stampcard.lifecycles import LIFECYCLES, PURCHASE, PurchaseState, Row

OURS = Path(__file__).parents[2] / "diagrams"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    gallery.write(tmp_path)
    return tmp_path


def test_the_gallery_in_the_repository_is_not_stale() -> None:
    stale = gallery.stale(OURS)
    assert not stale, f"{stale}: run `python -m stampcard.draw.gallery`"


def test_every_lifecycle_has_its_text_its_picture_and_its_section(fresh: Path) -> None:
    wanted = {f"{name.lower()}.{ending}" for name in LIFECYCLES for ending in ("mmd", "svg")}
    assert {path.name for path in fresh.iterdir()} == {*wanted, "README.md", "providers.md", "reversal.md"}
    page = (fresh / "README.md").read_text(encoding="utf-8")
    for name, lifecycle in LIFECYCLES.items():
        assert f"\n## {name}\n" in page
        assert f"({name.lower()}.svg)" in page
        assert all(f"| {guard} | {GUARDS[guard].sentence} |" in page for guard in lifecycle.guard_names)
    assert "A sale with at most one reward." in page


def test_every_provider_has_a_line_and_every_trigger_its_rule_and_source(fresh: Path) -> None:
    page = (fresh / "providers.md").read_text(encoding="utf-8")
    every = described()
    assert [one.title for one in every] == ["Kalixo", "Kibo", "Kigo", "SessionM", "Spendgo"]
    for one in every:
        assert f"\n## {one.title}\n" in page
        assert one.recovery.keys() == one.policies.keys()
        for rule in (one.auth, *one.recovery.values()):
            assert rule.says
            assert rule.source
            assert rule.source in page
        calls = {row.trigger for row in one.lifecycle.rows if row.calls_provider}
        assert one.policies.keys() <= calls


def test_what_was_just_written_is_not_stale_and_writing_again_changes_nothing(fresh: Path) -> None:
    assert gallery.stale(fresh) == []
    before = {path.name: path.read_bytes() for path in fresh.iterdir()}
    gallery.write(fresh)
    assert {path.name: path.read_bytes() for path in fresh.iterdir()} == before == gallery.build()


def test_a_changed_table_makes_its_files_and_the_page_stale(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = Row(trigger="expire", sources=(PurchaseState.PLACED,), destinations=(PurchaseState.VOIDED,))
    monkeypatch.setitem(LIFECYCLES, "PURCHASE", attrs.evolve(PURCHASE, rows=(*PURCHASE.rows, more)))
    assert gallery.stale(fresh) == ["README.md", "purchase.mmd", "purchase.svg", "reversal.md"]


@pytest.mark.parametrize("name", ["README.md", "redemption.mmd", "redemption.svg"])
def test_an_edited_or_a_missing_file_is_stale(fresh: Path, name: str) -> None:
    file = fresh / name
    file.write_text(file.read_text(encoding="utf-8").replace("approved", "improved"), encoding="utf-8")
    assert gallery.stale(fresh) == [name]
    file.unlink()
    assert gallery.stale(fresh) == [name]


def test_a_file_no_lifecycle_draws_is_stale_and_goes_with_the_next_writing(fresh: Path) -> None:
    (fresh / "layaway.svg").write_bytes(b"<svg/>")
    (fresh / "notes.txt").write_bytes(b"not ours")
    assert gallery.stale(fresh) == ["layaway.svg"]
    gallery.write(fresh)
    assert gallery.stale(fresh) == []
    assert (fresh / "notes.txt").exists()


def test_another_graphviz_draws_other_bytes_and_nothing_is_stale(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_here = (fresh / "purchase.svg").read_bytes()
    ours = _svg.render
    monkeypatch.setattr(_svg, "render", lambda source, kind: ours(source, kind).replace(b"pt", b"px"))
    gallery.write(fresh)
    assert (fresh / "purchase.svg").read_bytes() != drawn_here
    assert gallery.stale(fresh) == []


def test_line_ends_of_another_system_are_not_stale(fresh: Path) -> None:
    for path in fresh.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert gallery.stale(fresh) == []


def test_checking_needs_no_graphviz(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert gallery.stale(fresh) == []


def test_pictures_are_well_formed_and_name_no_version(fresh: Path) -> None:
    for picture in fresh.glob("*.svg"):
        content = picture.read_bytes()
        assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 (our own output)
        assert b"raphviz" not in content


def test_the_command_line_writes_then_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gallery.main([str(tmp_path / "new")]) == 0
    assert gallery.main(["--check", str(tmp_path / "new")]) == 0
    (tmp_path / "new" / "purchase.mmd").write_bytes(b"")
    capsys.readouterr()
    assert gallery.main(["--check", str(tmp_path / "new")]) == 1
    assert capsys.readouterr().err == f"stale: {tmp_path / 'new' / 'purchase.mmd'}\n"
    assert (tmp_path / "new" / "purchase.mmd").read_bytes() == b""


def test_the_module_runs() -> None:
    run = [sys.executable, "-m", "stampcard.draw.gallery", "--check", str(OURS)]
    assert subprocess.run(run, check=False).returncode == 0
