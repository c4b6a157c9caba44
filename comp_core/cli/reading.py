"""Commands that read media: `predict`, `annotate`, `extract`. Each returns the exit status."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from comp_core.cli.engine import engine_of, engine_options
from comp_core.cli.values import names
from comp_core.formats import SCHEMA_VERSION
from comp_core.jobs.engine import EngineError
from comp_core.modalities import AUDIO, MODALITIES, TEXT
from comp_core.support.checkpoint import CheckpointError
from comp_core.support.devices import CPU, DeviceError

_MODELS = "fusion model: comp, prlf, or the folder or path of another (default: %(default)s)"


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give each a parser with its options."""
    hearing = hearing_options()
    command = commands.add_parser("predict", parents=[hearing], help="read video, sound or picture files")
    command.add_argument("files", nargs="*", metavar="FILE")
    command.add_argument("--text", help="use these words instead of recognised ones; without a file, read them alone")
    command.add_argument("--without", action="append", choices=MODALITIES, default=[], help="leave a modality out; may be repeated")
    command.add_argument("--model", default="comp", metavar="NAME|PATH", help=_MODELS)
    command.add_argument("--device", help="cpu or cuda (default: cuda if there is any)")
    command.add_argument("--json", action="store_true", help="print one JSON object per file, each on a line")
    command.set_defaults(run=predict)
    told = "read every clip of a folder; writes a JSON record of each"
    command = commands.add_parser("annotate", parents=[hearing, engine_options()], help=told)
    command.add_argument("folder", type=Path, help="folder of the clips; with --address at the same path on each machine")
    command.add_argument("--out", type=Path, required=True, help="folder of the records; a stopped run goes on from what is there")
    command.add_argument("--without", action="append", choices=MODALITIES, default=[], help="leave a modality out; may be repeated")
    command.add_argument("--model", default="comp", metavar="NAME|PATH", help=_MODELS)
    command.add_argument("--device", help="cpu or cuda (default: cuda if there is any; with Ray cpu)")
    known = "csv, json, vtt, srt, eaf (ELAN), textgrid (Praat), bids; made of all records that are there"
    command.add_argument("--format", type=names, default=[], metavar="NAME,...", help=known)
    command.set_defaults(run=annotate)
    command = commands.add_parser("extract", parents=[hearing], help="write the features of a folder of clips in the GCNet layout")
    command.add_argument("folder", type=Path, help="folder of the clips, an utterance each")
    command.add_argument("--table", type=Path, required=True, help="CSV with the columns file,conversation,speaker,label,split")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--voice", metavar="NAME|PATH", help="a speech encoder of Hugging Face instead of our voice sense")
    command.add_argument("--words", metavar="NAME|PATH", help="a text encoder of Hugging Face instead of our words sense")
    command.add_argument("--device", help="cpu or cuda (default: cuda if there is any)")
    command.set_defaults(run=extract)


def hearing_options() -> argparse.ArgumentParser:
    """How words are recognised, as a parent of a command's parser."""
    hearing = argparse.ArgumentParser(add_help=False)
    hearing.add_argument("--whisper", default="tiny.en", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    spoken = "what is spoken, as de; another than en is translated, by a --whisper without .en in its name (default: %(default)s)"
    hearing.add_argument("--language", default="en", metavar="CODE", help=spoken)
    return hearing


def _notify(message: str) -> None:
    print(message, file=sys.stderr)


def predict(options: argparse.Namespace, _arguments: list[str]) -> int:
    """`predict`: files or words, read and fused."""
    from comp_core.inference.budget import PATIENT
    from comp_core.inference.media import MediaError
    from comp_core.predictor import Predictor
    from comp_core.senses.speech.recognition import RecogniserError

    if not options.files and options.text is None:
        print("nothing to read: give files, or words with --text", file=sys.stderr)
        return 2
    if not options.files and TEXT in options.without:
        print("nothing to read: the words are switched off by --without, and no file is given", file=sys.stderr)
        return 2
    # Words that are given need no recogniser.
    whisper = options.whisper if options.text is None else "off"
    try:
        predictor = Predictor.load([options.model], options.device, whisper, notify=_notify, budget=PATIENT)
        if predictor.recogniser:
            predictor.recogniser.check(options.language)
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
                utterances = predictor.predict_file(path, options.text, options.without, advance, language=options.language)
            except MediaError as error:
                bar.clear()
                print(error, file=sys.stderr)
                failed = True
                continue
        _show({"file": path, "model": predictor.fusion().name, "utterances": utterances}, options.json)
    return int(failed)


def annotate(options: argparse.Namespace, _arguments: list[str]) -> int:
    """`annotate`: a table of clips, with what is predicted beside it."""
    from comp_core.formats.table import FORMATS
    from comp_core.jobs.annotation import UNREADABLE, FolderError, Settings, annotate
    from comp_core.jobs.exports import export
    from comp_core.senses.speech.recognition import RecogniserError

    if unknown := [name for name in options.format if name not in FORMATS]:
        print(f"no format {', '.join(unknown)}; there are {', '.join(FORMATS)}", file=sys.stderr)
        return 2
    if told := _no_place_for_scores(options.model, options.format):
        print(told, file=sys.stderr)
        return 2
    settings = Settings(options.model, options.whisper, tuple(sorted(set(options.without))), options.language)
    try:
        with engine_of(options) as engine:
            device = options.device or (CPU if options.engine == "ray" else None)
            found = annotate(options.folder, options.out, settings, engine, device, lambda note: tqdm.write(note, file=sys.stderr))
        export(options.out, options.format)
    except (FolderError, EngineError, CheckpointError, RecogniserError, DeviceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{found.read} clips read, {found.skipped} had been read before, {found.unreadable} unreadable", end="")
    print(f" (see {options.out / UNREADABLE})" if found.unreadable else "")
    return 0 if found.read or found.skipped else 1


def _no_place_for_scores(model: str, formats: list[str]) -> str:
    """Why these formats cannot be made of the model's records; "" if they can. A model that cannot be loaded says so where it is used."""
    from comp_core.inference.fusion import model_stem

    others = [name for name in formats if name != "json"]
    with suppress(OSError, ValueError, AttributeError):
        description = json.loads(model_stem(model).with_suffix(".json").read_text(encoding="utf-8"))
        if others and not description.get("labels", True):
            return f"{', '.join(others)} has no place for scores: {model} is a model of scores; leave --format out, or use json"
    return ""


def extract(options: argparse.Namespace, _arguments: list[str]) -> int:
    """`extract`: the features of clips, as a folder that `benchmark` reads."""
    from comp_core.data.gcnet import LayoutError
    from comp_core.inference.budget import PATIENT
    from comp_core.jobs.extraction import NOT_READ, extract, with_encoders
    from comp_core.predictor import Predictor
    from comp_core.senses.pretrained import EncoderError
    from comp_core.senses.speech.recognition import RecogniserError

    try:
        predictor = Predictor.load(device=options.device, whisper=options.whisper, notify=_notify, budget=PATIENT)
        names = with_encoders(predictor, {AUDIO: options.voice, TEXT: options.words})
        summary = extract(options.folder, options.table, options.out, predictor, names, options.language)
    except (CheckpointError, RecogniserError, DeviceError, EncoderError, LayoutError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{summary.read} clips read, {len(summary.absent)} things absent (see {options.out / NOT_READ})")
    return 0 if summary.read else 1


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"schema": SCHEMA_VERSION, **result}, ensure_ascii=False), flush=True)
        return
    print(f"{result['file'] or 'words'} ({result['model']}: predicted expression, not feelings)")
    for utterance in result["utterances"]:
        fused = utterance["score"] if "score" in utterance else utterance["fused"]
        says = "nothing to go on" if fused is None else _top(fused)
        if isinstance(fused, dict) and max(fused.values()) < utterance["sure_from"]:
            says = f"not sure ({says})"
        print(f"  {utterance['start']:7.2f}-{utterance['end']:.2f} s  {says:<15} {utterance['transcript']}")
        for modality in MODALITIES:
            state = _top(utterance[modality]) if utterance["observed"][modality] else utterance["absent_because"][modality]
            weight = f"weight {utterance['weights'][modality]:.2f}" if utterance["weights"] else ""
            print(f"    {modality:<6} {state:<24} {weight}")


def _top(said: dict[str, float] | float) -> str:
    """The likeliest label and its probability, or the score."""
    if not isinstance(said, dict):
        return f"score {said:.2f}"
    label = max(said, key=said.__getitem__)
    return f"{label} {said[label]:.0%}"
