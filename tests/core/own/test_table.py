"""The table of one's own clips: everything that is wrong is told by line, before anything is computed."""

import pytest

from comp_core.own.table import MOST_TOLD, TableError, read_table

CLIPS = [f"{speaker}{number}.wav" for speaker in "abc" for number in range(4)]


@pytest.fixture
def folder(tmp_path):
    """Clips of three speakers, of which the even ones are calm and the odd ones loud; their sound does not matter here."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in [*CLIPS, "spare.wav"]:
        (clips / name).write_bytes(b"sound")
    return clips


def good():
    return [f"{name},{'loud' if int(name[1]) % 2 else 'calm'},{name[0]}" for name in CLIPS]


def written(folder, lines, header="file,label,speaker"):
    path = folder.parent / "clips.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def problems(folder, lines, header="file,label,speaker"):
    with pytest.raises(TableError) as error:
        read_table(written(folder, lines, header), folder)
    return error.value.problems


def test_a_table_without_problems_is_read(folder):
    table = read_table(written(folder, good()), folder)
    assert table.labels == ("calm", "loud")
    assert table.targets.tolist() == [0, 1, 0, 1] * 3
    assert [row.line for row in table.rows] == list(range(2, 14))


def test_the_senses_own_labels_come_in_their_order(folder):
    lines = [line.replace("loud", "joy").replace("calm", "neutral") for line in good()]
    assert read_table(written(folder, lines), folder).labels == ("neutral", "joy")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nowhere.wav,calm,a", "nowhere.wav is not in"),
        ("../a0.wav,calm,a", "outside the folder"),
        ("spare.wav,,a", "its label is empty"),
        ("spare.wav,calm,", "its speaker is empty"),
        (",calm,a", "neither a file nor words"),
        ("a0.wav,calm,a", "the same clip as line 2"),
        ("spare.wav,calm,a,so, what", "more cells than there are columns"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder, line, told):
    (problem,) = problems(folder, [*good(), line])
    assert problem.startswith("line 14: ") and told in problem


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("1,soon,", "its end 'soon' cannot be read"),
        ("-1,2,", "its start '-1' cannot be read"),
        ("3,2,", "its end 2 is not after its start 3"),
        ("1:00,1:00.0,", "is not after"),
        ("0,1,2", "a label and a score"),
    ],
)
def test_times_and_scores(folder, cells, told):
    header = "file,label,speaker,start,end,score"
    lines = [f"{line},,," for line in good()]
    (problem,) = problems(folder, [*lines, f"a0.wav,calm,a,{cells}"], header)
    assert problem.startswith("line 14: ") and told in problem


def test_clock_times_and_commas_for_points(folder):
    lines = [f"{line.replace(',', ';')};;" for line in good()] + ["a0.wav;calm;a;0:01,5;1:02:03"]
    row = read_table(written(folder, lines, "file;label;speaker;start;end"), folder).rows[-1]
    assert (row.start, row.end) == (1.5, 3723.0)


def test_all_problems_are_told_at_once_up_to_twenty(folder):
    lines = ["gone.wav,calm,a", "a0.wav,,a", *good()]
    assert len(problems(folder, lines)) == 3  # a0.wav is there twice, too
    many = [f"gone{i}.wav,calm,a" for i in range(30)]
    with pytest.raises(TableError) as error:
        read_table(written(folder, many), folder)
    assert len(error.value.problems) == 31  # and all rows have one label
    assert str(error.value).count("line ") == MOST_TOLD and "and 11 more" in str(error.value)


def test_a_label_with_too_few_clips_is_told_beside_what_is_wrong_with_rows(folder):
    told = problems(folder, [*good(), "gone.wav,hapy,a"])
    assert any("gone.wav is not in" in one for one in told) and any("'hapy' has 1 clip" in one for one in told)


def test_what_no_table_needs_is_told_and_not_raised(folder, tmp_path):
    (folder / "link.wav").symlink_to(written(tmp_path, []))
    lines = ["link.wav,calm,a,", f"{'u' * 300}.wav,calm,a,", f"a0.wav,calm,a,{'9' * 400}:01"]
    told = " ".join(problems(folder, lines, "file,label,speaker,start"))
    assert "outside the folder of clips" in told and "cannot be read: give seconds" in told
    path = tmp_path / "wide.csv"
    path.write_text("x" * 200_000 + ",file,label\n", encoding="utf-8")
    with pytest.raises(TableError, match="line 1"):
        read_table(path, folder)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([line.replace("loud", "calm") for line in good()], "all rows say 'calm'"),
        (good()[:10], "'calm' has 5 clips: at least 6"),
        ([line.rpartition(",")[0] + ",a" for line in good()], "has 1 speaker: at least 3"),
        ([], "no rows"),
    ],
)
def test_what_is_too_little_to_learn_from(folder, lines, told):
    assert any(told in problem for problem in problems(folder, lines))


def test_labels_and_scores_do_not_mix(folder):
    lines = [f"{line}," for line in good()[:-1]] + ["c3.wav,,c,2.5"]
    assert any("line 2 a label" in problem for problem in problems(folder, lines, "file,label,speaker,score"))


def test_scores_that_are_none_or_all_alike(folder):
    lines = [f"{name},{name[0]},1.5" for name in CLIPS]
    assert "all scores are 1.5" in problems(folder, lines, "file,speaker,score")[0]
    assert "'much' is no number" in problems(folder, [*lines[:-1], "c3.wav,c,much"], "file,speaker,score")[0]


@pytest.mark.parametrize(
    ("header", "told"), [("file,speaker", "no column label"), ("label,speaker", "no column file"), ("a,a,label", "twice")]
)
def test_columns_that_are_missing(folder, header, told):
    (problem,) = problems(folder, good(), header)
    assert problem.startswith("line 1: ") and told in problem


def test_a_line_of_several_rows_of_text_counts_as_where_it_begins(folder):
    lines = [f'{line},"said\nin two lines"' for line in good()] + ["gone.wav,calm,a,so"]
    (problem,) = problems(folder, lines, "file,label,speaker,words")
    assert problem.startswith("line 26: ")


def test_words_alone_need_no_file(folder):
    lines = [f"words {i},{'loud' if i % 2 else 'calm'},{'abc'[i % 3]}" for i in range(12)]
    assert all(row.file == "" for row in read_table(written(folder, lines, "words,label,speaker"), folder).rows)


def test_no_folder_no_table(folder):
    with pytest.raises(TableError, match="not a folder"):
        read_table(written(folder, good()), folder / "none")
    with pytest.raises(TableError, match="cannot be read"):
        read_table(folder / "none.csv", folder)
