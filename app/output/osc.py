"""Each message by Open Sound Control (UDP), for instruments and lights. Needs the extra `output`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.live.message import Message, Sense

_MISSING = "--osc needs a package that is not installed: pip install '.[output]'."
# Of the words: a datagram should not be split on its way.
_WORDS_BYTES = 400
# Where there is no probability, as OSC's numbers have no null.
NOTHING = -1.0


class OscFollower:
    """Sends to one address. A bundle each for the fused answer and for every modality.

    Raises:
        ValueError: python-osc is missing, or the host is unknown.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            from pythonosc.udp_client import UDPClient
        except ImportError as error:
            raise ValueError(_MISSING) from error
        try:
            self._client = UDPClient(host, port)
        except OSError as error:
            raise ValueError(f"--osc: {host} is not known. Name a host and a port, as 127.0.0.1:9000.") from error
        self._to, self._problem = f"{host}:{port} (OSC)", ""

    @property
    def told(self) -> str:
        return f"{self._to}: {self._problem}" if self._problem else self._to

    def take(self, message: Message) -> None:
        try:
            for part in parts_of(message):
                self._client.send(_bundle(part))
            self._problem = ""
        except OSError as error:
            self._problem = f"nothing could be sent, {error.strerror}"

    def end(self) -> None:
        """The socket stays for the next session."""


def parts_of(message: Message) -> Iterator[dict[str, float | int | str]]:
    """Address -> value, of each bundle of a message."""
    words = message.words.text.encode()[:_WORDS_BYTES].decode(errors="ignore")
    yield {
        "/affect/version": message.version,
        "/affect/at": message.at,
        "/affect/label": message.label or "",
        "/affect/sure": int(message.sure),
        "/affect/speaking": int(message.speaking),
        "/affect/speech": message.speech,
        "/affect/words": words,
        **_labels("/affect/fused", message.fused, message.labels),
    }
    for modality, sense in message.senses.items():
        yield _sense(f"/affect/{modality}", sense, message.labels)


def _sense(address: str, sense: Sense, labels: Sequence[str]) -> dict[str, float | int | str]:
    weight = NOTHING if sense.weight is None else sense.weight
    return {f"{address}/present": int(sense.present), f"{address}/weight": weight, **_labels(address, sense.probabilities, labels)}


def _labels(address: str, probabilities: dict[str, float] | None, labels: Sequence[str]) -> dict[str, float | int | str]:
    return {f"{address}/{label}": probabilities[label] if probabilities else NOTHING for label in labels}


def _bundle(part: dict[str, float | int | str]) -> object:
    from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
    from pythonosc.osc_message_builder import OscMessageBuilder

    bundle = OscBundleBuilder(IMMEDIATELY)
    for address, value in part.items():
        message = OscMessageBuilder(address)
        message.add_arg(value)
        bundle.add_content(message.build())
    return bundle.build()
