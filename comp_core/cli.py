"""`python -m comp_core ...`: the command line."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from comp_core.checkpoint import WEIGHTS_DIR, CheckpointError
from comp_core.devices import CPU, DeviceError, choose_device
from comp_core.engines.base import Engine, EngineError, InProcess
from comp_core.engines.ray_cluster import RayCluster
from comp_core.modalities import AUDIO, MODALITIES, TEXT
from comp_core.shipped import ASSETS
from comp_core.task import Task
from comp_core.whole_files import NotWritten, write_whole

# In the order in which they need one another, each with its module; ``held_out`` makes the lab's data, the last five a report only.
TRAININGS = {
    **{name: name for name in ("face", "voice", "voice_folds", "words")},
    **dict.fromkeys(("comp", "prlf"), "live"),
    "held_out": "held_out",
    **{name: name for name in ("voice_cv", "voice_cross", "words_cross", "real_pairs", "balance")},
}
EVALUATIONS = ("face", "voice", "words", "intra", "steadiness", "seeds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(arguments)
    try:
        return options.run(options, arguments)
    except NotWritten as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m comp_core", description="Affect sensing that survives missing modalities.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    task = argparse.ArgumentParser(add_help=False)
    task.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    task.add_argument("--work", type=Path, default=Path("runs"), help="caches and intermediate weights (default: %(default)s)")
    task.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights (default: assets/weights)")
    task.add_argument("--reports", type=Path, default=ASSETS / "reports", help="report folder (default: assets/reports)")
    task.add_argument("--seed", type=int, default=0)
    engine = argparse.ArgumentParser(add_help=False)
    engine.add_argument("--engine", choices=("in-process", "ray"), default="in-process", help="where the work is done (default: here)")
    engine.add_argument("--address", metavar="HOST:PORT|auto", help="a running Ray cluster; every machine has this project at one path")
    engine.add_argument("--workers", type=_count, metavar="N", help="of Ray on this machine alone (default: one for each core)")
    train = commands.add_parser("train", parents=[task], help="train a sense or the fusion model and write its weights and report")
    train.add_argument("what", choices=TRAININGS)
    train.add_argument("--epochs", type=int, help="instead of the number that made the committed weights")
    train.add_argument("--device", default=CPU, help="cpu or cuda (default: %(default)s)")
    train.set_defaults(run=_train)
    evaluate = commands.add_parser("evaluate", parents=[task], help="measure trained weights on test data and write a report")
    evaluate.add_argument("what", choices=EVALUATIONS)
    evaluate.set_defaults(run=_evaluate)
    speed = commands.add_parser("speed", help="time the senses and the fusion on one thread")
    speed.add_argument("--runs", type=int, default=100, help="rounds, in each of which every step runs once (default: %(default)s)")
    speed.add_argument("--out", type=Path, help="write the JSON report here, too")
    speed.set_defaults(run=_speed)
    benchmark = commands.add_parser("benchmark", parents=[engine], help="compare fusion models and baselines, trained under one protocol")
    benchmark.add_argument("--dataset", required=True, help="mosi, mosi-reread, ravdess, live, or a feature folder in the GCNet layout")
    benchmark.add_argument("--data", type=Path, help="folder of the corpora, for those with a name")
    benchmark.add_argument("--work", type=Path, default=Path("runs"), help="for live: what the trainings left (default: %(default)s)")
    benchmark.add_argument("--features", type=_pairs, default={}, metavar="audio=NAME,...", help="for a feature folder: its names")
    benchmark.add_argument("--models", type=_list, default=["comp", "concat", "late"], metavar="NAME,...", help="default: comp,concat,late")
    benchmark.add_argument("--rates", type=_rates, metavar="RATE,...", help="missing rates (default: 0.1 to 0.7)")
    benchmark.add_argument("--seeds", type=int, default=5, help="(default: %(default)s)")
    benchmark.add_argument("--epochs", type=int, help="instead of the data set's own number")
    benchmark.add_argument("--select", choices=("valid", "test"), default="valid", help="test: as the literature does, to compare tables")
    benchmark.add_argument("--device", default=CPU, help="cpu or cuda (default: %(default)s)")
    benchmark.add_argument("--out", type=Path, required=True, help="folder of the results; a stopped run goes on from what is there")
    benchmark.set_defaults(run=_benchmark)
    cost = commands.add_parser("cost", help="time and memory of ComP: an epoch on MOSI, a live window, and how both grow")
    cost.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    cost.add_argument("--runs", type=int, default=20, help="(default: %(default)s)")
    cost.add_argument("--out", type=Path, help="write the JSON report here, too")
    cost.set_defaults(run=_cost)
    scaling = commands.add_parser("scaling", help="what Ray gains on this machine, and what many machines would take")
    scaling.add_argument("--data", type=Path, required=True, help="folder of the corpora, for a benchmark on MOSI")
    scaling.add_argument("--copies", type=_count, default=10, help="of the sample clips (default: %(default)s)")
    scaling.add_argument("--epochs", type=_count, default=10, help="of the benchmark (default: %(default)s)")
    scaling.add_argument("--whisper", default="off", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    scaling.add_argument("--out", type=Path, help="write the JSON report here, too")
    scaling.set_defaults(run=_scaling)
    predict = commands.add_parser("predict", help="read video, sound or picture files")
    predict.add_argument("files", nargs="*", metavar="FILE")
    predict.add_argument("--text", help="the words of the file, instead of recognising them; without a file, words alone")
    predict.add_argument("--without", action="append", choices=MODALITIES, default=[], help="leave a modality out; may be repeated")
    predict.add_argument("--model", default="comp", metavar="NAME|PATH", help="fusion model: comp, prlf, or a path (default: %(default)s)")
    predict.add_argument("--whisper", default="tiny.en", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    predict.add_argument("--device", help="cpu or cuda (default: cuda if there is any)")
    predict.add_argument("--json", action="store_true", help="one JSON object per file, a line each")
    predict.set_defaults(run=_predict)
    annotate = commands.add_parser("annotate", parents=[engine], help="read every clip of a large folder, a JSON record of each")
    annotate.add_argument("folder", type=Path, help="of the clips; with --address on a disk that all machines share, at one path")
    annotate.add_argument("--out", type=Path, required=True, help="folder of the records; a stopped run goes on from what is there")
    annotate.add_argument("--without", action="append", choices=MODALITIES, default=[], help="leave a modality out; may be repeated")
    annotate.add_argument("--model", default="comp", metavar="NAME|PATH", help="fusion model: comp, prlf, or a path (default: %(default)s)")
    annotate.add_argument("--whisper", default="tiny.en", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    annotate.add_argument("--device", help="cpu or cuda (default: cuda if there is any; with Ray always cpu)")
    annotate.set_defaults(run=_annotate)
    extract = commands.add_parser("extract", help="write the features of a folder of clips in the GCNet layout")
    extract.add_argument("folder", type=Path, help="folder of the clips, an utterance each")
    extract.add_argument("--table", type=Path, required=True, help="CSV with the columns file,conversation,speaker,label,split")
    extract.add_argument("--out", type=Path, required=True)
    extract.add_argument("--voice", metavar="NAME|PATH", help="a speech encoder of Hugging Face instead of our voice sense")
    extract.add_argument("--words", metavar="NAME|PATH", help="a text encoder of Hugging Face instead of our words sense")
    extract.add_argument("--whisper", default="tiny.en", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    extract.add_argument("--device", help="cpu or cuda (default: cuda if there is any)")
    extract.set_defaults(run=_extract)
    tables = commands.add_parser("tables", help="the committed reports as Markdown tables")
    tables.add_argument("--reports", type=Path, default=ASSETS / "reports", help="report folder (default: assets/reports)")
    tables.add_argument("--into", type=Path, nargs="+", default=[], metavar="FILE", help="Markdown files whose marked tables to renew")
    tables.set_defaults(run=_tables)
    doctor = commands.add_parser("doctor", help="what is installed and found here, and what to do about each lack")
    doctor.set_defaults(run=_doctor)
    return parser


def _predict(options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core.media import MediaError
    from comp_core.predictor import Predictor
    from comp_core.senses.recognition import RecogniserError

    if not options.files and options.text is None:
        print("nothing to read: give files, or words with --text", file=sys.stderr)
        return 2
    # Words that are given need no recogniser.
    whisper = options.whisper if options.text is None else "off"
    try:
        predictor = Predictor.load([options.model], options.device, whisper, notify=lambda message: print(message, file=sys.stderr))
    except (CheckpointError, RecogniserError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 2
    if not options.files:
        _show({"file": None, "model": predictor.fusion().name, "utterances": [predictor.predict_text(options.text)]}, options.json)
        return 0
    failed = False
    for path in options.files:
        with tqdm(total=100, desc=Path(path).name, file=sys.stderr, leave=False, disable=not sys.stderr.isatty()) as bar:

            def advance(done: float, what: str, bar: tqdm = bar) -> None:
                bar.set_postfix_str(what, refresh=False)
                bar.update(int(100 * done) - bar.n)

            try:
                utterances = predictor.predict_file(path, options.text, options.without, advance)
            except MediaError as error:
                bar.clear()
                print(error, file=sys.stderr)
                failed = True
                continue
        _show({"file": path, "model": predictor.fusion().name, "utterances": utterances}, options.json)
    return int(failed)


def _annotate(options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core.annotation import UNREADABLE, FolderError, Settings, annotate
    from comp_core.senses.recognition import RecogniserError

    settings = Settings(options.model, options.whisper, tuple(sorted(set(options.without))))
    try:
        with _engine(options) as engine:
            device = "cpu" if options.engine == "ray" else options.device
            found = annotate(options.folder, options.out, settings, engine, device, lambda note: tqdm.write(note, file=sys.stderr))
    except (FolderError, EngineError, CheckpointError, RecogniserError, DeviceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{found.read} clips read, {found.skipped} had been read before, {found.unreadable} unreadable", end="")
    print(f" (see {options.out / UNREADABLE})" if found.unreadable else "")
    return 0 if found.read or found.skipped else 1


def _engine(options: argparse.Namespace) -> AbstractContextManager[Engine]:
    """The engine that was asked for, as a context.

    Raises:
        EngineError: what was asked for does not go together.
    """
    if options.engine == "ray":
        if options.device not in (None, "cpu"):
            raise EngineError("workers of Ray compute on processors here: leave --device out, or use it without --engine ray.")
        return RayCluster(options.address, options.workers)
    if options.address or options.workers:
        raise EngineError("--address and --workers are Ray's: add --engine ray.")
    return nullcontext(InProcess())


def _extract(options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core.data.gcnet import LayoutError
    from comp_core.extraction import NOT_READ, extract, with_encoders
    from comp_core.predictor import Predictor
    from comp_core.senses.pretrained import EncoderError
    from comp_core.senses.recognition import RecogniserError

    try:
        predictor = Predictor.load(device=options.device, whisper=options.whisper, notify=lambda message: print(message, file=sys.stderr))
        names = with_encoders(predictor, {AUDIO: options.voice, TEXT: options.words})
        summary = extract(options.folder, options.table, options.out, predictor, names)
    except (CheckpointError, RecogniserError, DeviceError, EncoderError, LayoutError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{summary.read} clips read, {len(summary.absent)} things absent (see {options.out / NOT_READ})")
    return 0 if summary.read else 1


def _tables(options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core.evaluation.tables import tables, with_tables

    found = dict(tables(options.reports))
    for name, table in found.items():
        print(f"{name}\n\n{table}\n")
    for path in options.into:
        write_whole(path, with_tables(path.read_text(encoding="utf-8"), found))
    return 0


def _doctor(_options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core import doctor

    return doctor.main()


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, ensure_ascii=False), flush=True)
        return
    print(f"{result['file'] or 'words'} ({result['model']}: predicted expression, not feelings)")
    for utterance in result["utterances"]:
        fused = utterance["fused"]
        says = _top(fused) if fused else "nothing to go on"
        print(f"  {utterance['start']:7.2f}-{utterance['end']:.2f} s  {says:<15} {utterance['transcript']}")
        for modality in MODALITIES:
            state = _top(utterance[modality]) if utterance["observed"][modality] else utterance["absent_because"][modality]
            weight = f"weight {utterance['weights'][modality]:.2f}" if utterance["weights"] else ""
            print(f"    {modality:<6} {state:<24} {weight}")


def _top(distribution: dict[str, float]) -> str:
    label = max(distribution, key=distribution.__getitem__)
    return f"{label} {distribution[label]:.0%}"


def _train(options: argparse.Namespace, arguments: list[str]) -> int:
    module = importlib.import_module(f"comp_core.training.{TRAININGS[options.what]}")
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    try:
        task = replace(_task(options, arguments), device=choose_device(options.device))
        getattr(module, f"train_{options.what}")(task, **extra)
    except (FileNotFoundError, CheckpointError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _evaluate(options: argparse.Namespace, arguments: list[str]) -> int:
    module = importlib.import_module(f"comp_core.evaluation.{options.what}")
    getattr(module, f"evaluate_{options.what}")(_task(options, arguments))
    return 0


def _speed(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.evaluation.speed import measure_speed

    return _measured(measure_speed(options.runs), options, arguments)


def _cost(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.benchmark.cost import measure_cost
    from comp_core.data.mosi import MosiError

    try:
        return _measured(measure_cost(options.data, options.runs), options, arguments)
    except MosiError as error:
        print(error, file=sys.stderr)
        return 2


def _scaling(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.data.mosi import MosiError
    from comp_core.evaluation.scaling import measure_scaling
    from comp_core.senses.recognition import RecogniserError

    try:
        return _measured(measure_scaling(options.data, options.copies, options.epochs, options.whisper), options, arguments)
    except (MosiError, EngineError, RecogniserError) as error:
        print(error, file=sys.stderr)
        return 2


def _measured(found: dict[str, Any], options: argparse.Namespace, arguments: list[str]) -> int:
    local = {str(options.data): "DATA"} if "data" in options else {}
    command = _repeated([local.get(argument, argument) for argument in arguments])
    text = json.dumps({"command": command, "date": date.today().isoformat(), **found}, indent=1)
    print(text)
    if options.out:
        write_whole(options.out, text + "\n")
    return 0


def _benchmark(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.benchmark.command import benchmark
    from comp_core.benchmark.datasets import DATASETS, folder
    from comp_core.benchmark.protocol import RATES, Protocol
    from comp_core.data.gcnet import LayoutError
    from comp_core.data.mosi import MosiError
    from comp_core.data.ravdess_takes import TakesError
    from comp_core.evaluation.tables import benchmark_table

    named = options.dataset in DATASETS
    if named == (options.data is None) or not (named or Path(options.dataset).is_dir()):
        print(f"--dataset is one of {', '.join(DATASETS)} with --data, or a feature folder without", file=sys.stderr)
        return 2
    try:
        protocol = Protocol(options.rates or RATES, options.select, choose_device(options.device))
        dataset = DATASETS[options.dataset](options.data, options.work) if named else folder(Path(options.dataset), options.features)
        command = _command_line(options, arguments)
        with _engine(options) as engine:
            report = benchmark(dataset, options.models, options.seeds, protocol, options.out, command, options.epochs, engine)
    except (ValueError, FileNotFoundError, CheckpointError, LayoutError, MosiError, TakesError, EngineError) as error:
        print(error, file=sys.stderr)
        return 2
    print(benchmark_table(report))
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number from 1 up")
    return int(text)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pairs(text: str) -> dict[str, str]:
    if not all("=" in part for part in _list(text)):
        raise argparse.ArgumentTypeError("give names as audio=NAME,text=NAME,video=NAME")
    return dict(part.split("=", 1) for part in _list(text))


def _rates(text: str) -> tuple[float, ...]:
    rates = tuple(float(part) for part in _list(text))
    if not rates or list(rates) != sorted(set(rates)) or not 0 <= rates[0] <= rates[-1] <= 0.7:
        raise argparse.ArgumentTypeError("missing rates rise, from 0 to 0.7, like 0.1,0.3,0.5")
    return rates


def _task(options: argparse.Namespace, arguments: list[str]) -> Task:
    return Task(options.data, options.work, options.weights, options.reports, options.seed, _command_line(options, arguments))


def _command_line(options: argparse.Namespace, arguments: list[str]) -> str:
    """The command as a reader would repeat it: their own folders stand in for ours."""
    folders = {name.upper(): getattr(options, name, None) for name in ("data", "work", "out")}
    local = {str(folder): name for name, folder in folders.items() if folder is not None}
    return _repeated([local.get(a, a) for a in arguments])


def _repeated(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "comp_core", *arguments])
