"""Tables of what was measured: speed, cost, the live page, recorded minutes, many visitors, many machines, other tools, damaged inputs."""

from __future__ import annotations

from comp_core.reports.markdown import Report, given, markdown


def asked_for_table(report: Report) -> str:
    """How often single raters and majorities say what an actor was asked for, by what they were given, a column for each label."""
    rows = []
    for way, title in (("single", "single raters"), ("majority", "majorities of a clip's raters")):
        for condition, found in report["metrics"].items():
            right = (found[way]["all"], *found[way]["by_label"].values())
            rows.append((f"{condition}, {title}", *(f"{share:.0%}" for share in right)))
    labels = next(iter(report["metrics"].values()))["single"]["by_label"]
    return markdown((f"{report['clips']:,} clips of {report['actors']} actors", "all", *labels), rows)


def recognition_table(report: Report) -> str:
    """Words that are recognised wrong, a row for each way of listening."""
    rows = [
        (way, f"{f['word_error_rate']:.1%}", f"{f['clips_without_error']} of {f['clips']}", f"{f['median_seconds']:.2f} s")
        for way, f in report["metrics"]["speech"].items()
    ]
    return markdown(("Whisper tiny.en", "word error rate", "clips without an error", "median time for a clip"), rows)


def inventions_table(report: Report) -> str:
    """Of sounds without words, in how many some were heard."""
    rows = [
        (sound, f"{f['sounds']}", f"{f['invented']}", f"{f['invented_without_voice_activity']}", f"{f['invented_with_neither']}")
        for sound, f in report["metrics"]["inventions"].items()
    ]
    return markdown(("sound without words", "tried", "words heard, as used", "without voice activity", "with neither safeguard"), rows)


def speed_table(report: Report) -> str:
    """Milliseconds of each step on one thread, and what they are beside their reference."""
    rows = [(name, f"{ms:.1f} ms") for name, ms in report["median_ms"].items()]
    rows += [(name, f"{ratio:.2f}") for name, ratio in report["ratios"].items()]
    return markdown((f"one thread, median of {report['runs']} runs in turn", "figure"), rows)


def live_table(report: Report) -> str:
    """How fast the live page is and what it takes."""
    (updates, memory), delay = _updates_and_memory(report), report["capture_to_screen_ms"]
    rows = [
        updates,
        ("capture to screen, median / p95", f"{delay['median']:.0f} / {delay['p95']:.0f} ms"),
        *((f"{stage}, median", f"{ms:.1f} ms") for stage, ms in report["stage_ms"].items() if ms is not None),
        memory,
        ("start", f"{report['start_s']:.1f} s"),
    ]
    return markdown((f"live page, {report['seconds']:.0f} s on {report['machine']['cores']} cores", "figure"), rows)


def _updates_and_memory(report: Report) -> tuple[tuple[str, str], tuple[str, str]]:
    """Face updates a second, and resident memory in MB."""
    updates, memory = report["face_updates_per_second"], report["resident_mb"]
    return (
        ("face updates a second, median (lowest)", f"{updates['median']:.1f} ({updates['lowest']:.1f})"),
        ("resident memory, server + its processes", f"{memory['server']} + {memory['helpers']} MB"),
    )


def soak_table(report: Report) -> str:
    """Whether a long visit costs more and more."""
    updates, (memory, figures) = _updates_and_memory(report)
    rows = [
        updates,
        ("sound lost", f"{report['sound_lost_s']:.1f} s"),
        (f"most {memory}", figures),
        ("memory in the last minute over that in the tenth", f"{report['memory_growth']:+.1%}"),
        *((f"{what} held, first / last", f"{n['first']} / {n['last']}") for what, n in report.get("held", {}).items()),
        *((what.replace("_", " "), str(count)) for what, count in report.get("trouble", {}).items()),
    ]
    return markdown((f"live page, {report['seconds'] / 60:.0f} minutes without a break", "figure"), rows)


def minute_table(report: Report) -> str:
    """How calm, how sure and how right the headline is on recorded minutes, and how soon words come."""
    found, timed = report["metrics"], report["real_time"]
    changes = found["headline_changes"]
    rows = [
        ("changes of the headline in a minute, mean (most)", f"{changes['mean']:.1f} ({changes['most']})"),
        ("changes that nothing explains", str(changes["unexplained"])),
        ('"not sure", share of the time', f"{found['not_sure']:.1%}"),
        ("a label named before an empty wall, share of its time", f"{found['named_before_the_wall']:.1%}"),
    ]
    if timed:
        words, updates = timed["words_after_s"], timed["face_updates_per_second"]
        rows += [
            ("end of speech to words, median / p95", f"{words['median']:.1f} / {words['p95']:.1f} s"),
            ("face updates a second, mean (lowest minute)", f"{updates['mean']:.1f} ({updates['lowest']:.1f})"),
            ("load of the machine before and after", " and ".join(f"{one[0]:.1f}" for one in report["machine"]["load"].values())),
        ]
    return markdown((f"{found['minutes']} recorded minutes, {report['split']} actors and faces", "figure"), rows)


def minute_answers_table(report: Report) -> str:
    """Who was right for how much of recorded minutes: the headline, and each sense by itself."""
    keys = ("right", "named", "wrong_when_named")
    rows = [(who, *(f"{figures[key]:.3f}" for key in keys)) for who, figures in report["metrics"]["who"].items()]
    return markdown(("share of the time", "right", "named a label", "wrong, of what was named"), rows)


def memory_table(report: Report) -> str:
    """Accuracy and mean log-probability by how many earlier sentences count."""
    rows = []
    for stay, by_model in report["metrics"].items():
        for model, by_given in by_model.items():
            for subset, by_earlier in by_given.items():
                cells = (f"{one['accuracy']:.3f}; {one['log_probability']:.2f}" for one in by_earlier.values())
                rows.append((f"{float(stay):.0%}", model, given(subset), *cells))
    earlier = next(iter(next(iter(next(iter(report["metrics"].values())).values())).values()))
    return markdown(("the label stays", "model", "given", *(f"{n} earlier" for n in earlier)), rows)


def peers_table(report: Report) -> str:
    """The live path beside other tools on the same minute."""
    rows = []
    for peer in report["peers"].values():
        found = " / ".join("" if share is None else f"{share:.1%}" for share in (peer["found"]["of_faces"], peer["found"]["of_none"]))
        changes = (f"{peer['changes'][name]:g}" for name in ("all", "face", "hand"))
        times = (f"{peer['updates_per_second']:.1f}", f"{peer['cpu_ms']['median']:.1f} ms") if peer["cpu_ms"] else ("", "")
        rows.append((peer["title"], found, *changes, *times))
    rows += _absent(report, 7)
    header = (
        f"{report['pictures']} pictures of {' x '.join(map(str, report['size']))}",
        "face found, where there is one / none",
        "changes of the label",
        "with the face free",
        "with the hand before it",
        "updates a second",
        "processor time of each",
    )
    return markdown(header, rows)


def peers_labelled_table(report: Report) -> str:
    """The live path beside other tools on the same minutes of faces with labels."""
    rows: list[tuple[str, ...]] = []
    for peer in report["labelled"]["peers"].values():
        shares = (f"{peer[key]:.0%}" for key in ("found", "named", "right"))
        by_label = (f"{share:.0%}" for share in peer["right_by_label"].values())
        rows.append((peer["title"], *shares, f"{peer['changes_per_minute']:.1f}", *by_label))
    first = next(iter(report["labelled"]["peers"].values()))
    rows += _absent(report["labelled"], len(rows[0]))
    header = (f"{first['faces']:,} pictures with a face", "face found", "a label named", "right", "changes a minute")
    return markdown((*header, *first["right_by_label"]), rows)


def recognisers_table(report: Report) -> str:
    """Our recogniser beside another on the same recordings."""
    rows: list[tuple[str, ...]] = [
        (peer["title"], f"{peer['word_error_rate']:.1%}", f"{peer['whole_sentences']:.0%}", f"{peer['cpu_ms_per_second']:.0f} ms")
        for peer in report["recognition"]["peers"].values()
    ]
    rows += _absent(report["recognition"], 4)
    return markdown(
        (f"{report['recognition']['pictures']} utterances", "words wrong", "sentences without a wrong word", "processor time for a second"),
        rows,
    )


def _absent(found: Report, columns: int) -> list[tuple[str, ...]]:
    """Rows of what was not measured."""
    return [(peer["title"], f"not measured: {peer['why']}", *[""] * (columns - 2)) for peer in found["not_measured"].values()]


def load_table(report: Report) -> str:
    """What many visitors at once get, and what they cost."""
    rows = []
    for row in report["rows"]:
        updates, delay, cores = row["face_updates_per_second"], row["capture_to_answer_ms"], row["cores_used"]
        words, memory = row["end_of_speech_to_final_words_s"], row["mb_per_further_visitor"]
        rows.append(
            (
                f"{row['served']} of {row['visitors']}" if row["waiting"] else str(row["visitors"]),
                f"{updates['median']:.1f} ({updates['lowest']:.1f})",
                f"{delay['median']} / {delay['p95']} ms",
                f"{words['median']:.1f} / {words['p90']:.1f} s" if words else "",
                f"{row['without_words']} of {row['sentences']}",
                f"{row['sound_lost_s']:.1f} s",
                f"{cores['server'] + cores['helpers']:.2f}",
                f"{row['ms_per_update']:.0f} ms",
                "" if memory is None else f"{memory:.0f} MB",
            )
        )
    delays = ("capture to answer, median / p95", "end of speech to words, median / p90", "sentences without words", "sound lost")
    costs = ("cores used by the server", "processor time of an update", "memory of a further visitor")
    return markdown(("visitors at once", "face updates a second each, median (lowest)", *delays, *costs), rows)


def fuzz_table(report: Report) -> str:
    """How many damaged inputs each decoder was given, and what they cost."""
    rows = []
    for name, found in report["targets"].items():
        told = (found["inputs"], found["accepted"], sum(found["refused"].values()), len(found["faults"]))
        rows.append((name, *map(str, told), f"{found['slowest_ms']} ms", f"{found['most_mb']} MB"))
    return markdown(("given", "inputs", "accepted", "refused", "faults", "slowest", "most memory"), rows)


def fuzz_guided_table(report: Report) -> str:
    """How far coverage-guided inputs came, target by target."""
    rows = [
        (name, *(str(found[key]) for key in ("inputs", "branches_of_valid_inputs", "branches")), str(len(found["faults"])))
        for name, found in report["targets"].items()
    ]
    rows.append(("all", str(sum(found["inputs"] for found in report["targets"].values())), "", "", ""))
    return markdown(("given", "inputs", "branches that valid inputs reach", "branches reached", "faults"), rows)


def cost_table(report: Report) -> str:
    """What ComP costs beside a matrix product of the same run."""
    rows = [(name, f"{ms:.1f} ms") for name, ms in report["median_ms"].items()]
    rows.append(("an epoch, in such products", f"{report['epoch_in_products']:.0f}"))
    return markdown((f"processor time on one thread, median of {report['runs']} runs in turn", "figure"), rows)


def growth_table(report: Report) -> str:
    """Time and memory of one forward as the work grows."""
    rows = [(str(r["conversations"]), str(r["utterances"]), f"{r['ms']:.1f} ms", f"{r['mb']:.0f} MB") for r in report["growth"]]
    return markdown(("conversations", "utterances in each", "forward", "memory at its peak"), rows)


def scaling_table(report: Report) -> str:
    """Where the work is done, how fast, and whether it comes to the same."""
    rows = []
    for row in report["rows"]:
        clips, sweep = row["annotate"], row["sweep"]
        rates = [f"{clips[key]:.1f}" for key in ("realtime_per_worker", "realtime_per_core")]
        told = [*rates, f"{clips['speed_up']:.2f}", f"{sweep['wall_s']:.0f} s", f"{sweep['speed_up']:.2f}"]
        same = "yes" if clips["same"] and sweep["same"] else "NO"
        rows.append((f"{row['engine']}, {row['workers']}", f"{row['start_s']:.0f} s", f"{clips['clips_per_s']:.2f}", *told, same))
    sweep = report["sweep"]
    trainings = len(sweep["models"]) * sweep["seeds"]
    video = ("seconds of video a second, each worker", "a second of processor")
    header = (f"engine, workers ({report['cores']} cores)", "start", "clips a second", *video, "speed-up")
    return markdown((*header, f"{trainings} trainings on {sweep['dataset']}", "speed-up", "same results"), rows)


def scaling_estimate_table(report: Report) -> str:
    """What a large folder would take."""
    found = report["estimate"]
    rows = [
        ("seconds of video a second of processor", f"{found['realtime_per_core']:.1f}"),
        ("hours of one core", f"{found['processor_hours']:.0f}"),
        (f"hours on {found['workers']} workers", f"{found['wall_hours']:.1f}"),
    ]
    return markdown((f"{found['hours_of_video']:,} hours of video, speech recognition: {report['recogniser']}", "figure"), rows)
