"""Published figures beside ours."""

from itertools import pairwise

import pytest

from comp_core.benchmark.methods import METHODS, Problem
from comp_core.cli import main
from comp_core.modeling.objectives import Scores
from comp_core.reports.published import PUBLISHED, corpus_of
from tests.core.benchmark.test_benchmark import write_mosi


def test_tables_are_whole_and_name_methods_that_there_are():
    for table in PUBLISHED.values():
        assert "arXiv" in table.source and set(table.ours) >= {name for rows in table.rows.values() for name in rows}
        assert {name for ours in table.ours.values() for name in ours} <= set(METHODS)
        for rows in table.rows.values():
            for cells in rows.values():
                pairs = [[float(figure) for figure in cell.split("/")] for cell in cells.split()]
                assert len(pairs) == len(table.rates) and len({len(pair) for pair in pairs}) == 1
                assert all(len(pair) <= 2 and 50 < min(pair) < max(pair) + 1 < 100 for pair in pairs)


def test_each_row_of_the_ablation_adds_a_part():
    rows = PUBLISHED["comp-table3"].ours
    problem = Problem({"audio": 3, "text": 4, "video": 2}, Scores(), ("audio", "text", "video"), longest=5, steps=2)
    sizes = [sum(p.numel() for p in METHODS[name].build(problem).parameters()) for (name,) in rows.values()]
    # The last part, the modulator, has no parameters.
    assert all(fewer < more for fewer, more in pairwise(sizes[:-1])) and sizes[-1] == sizes[-2]


@pytest.mark.parametrize(
    ("name", "classes", "corpus"),
    [
        ("CMUMOSI", None, "mosi"),
        ("CMUMOSEI", None, "mosei"),
        ("mosi", None, "mosi"),
        ("IEMOCAP_features_raw_4way", 4, "iemocap-4"),
        ("IEMOCAP_features_raw_6way", 6, "iemocap-6"),
        ("IEMOCAP", 5, None),
        ("mine", None, None),
    ],
)
def test_a_data_set_is_known_by_its_name_and_classes(name, classes, corpus):
    assert corpus_of(name, classes) == corpus


def test_the_command_runs_both_protocols_and_prints_published_figures_beside_ours(tmp_path, capsys):
    data, out = write_mosi(tmp_path), tmp_path / "out"
    options = ["--models", "comp,graph", "--seeds", "1", "--epochs", "1", "--no-search", "--out", str(out), "--draws", "1"]
    assert main(["benchmark", "--preset-table", "comp-table1", "--dataset", "mosi", "--data", str(data), *options]) == 0
    told = capsys.readouterr().out
    assert "| ComP | published | 87.20 / 87.11 |" in told and "arXiv 2512.11239" in told
    for way in ("validation", "test"):
        assert told.count(f"ours, chosen on {way} data") == 2
    assert (out / "mosi_comp-table1.md").read_text().strip() == told.strip()
    assert (out / "mosi.json").is_file() and (out / "mosi_test_selected.json").is_file()
