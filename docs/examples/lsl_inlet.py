"""Print what `python app.py --lsl` offers: `python docs/examples/lsl_inlet.py`."""

import pylsl

found = pylsl.resolve_byprop("name", "live-affect", timeout=30)
if not found:
    raise SystemExit("No stream “live-affect” is offered on this network: start the page with --lsl, and press Start.")
inlet = pylsl.StreamInlet(found[0])
channel, names = inlet.info().desc().child("channels").child("channel"), []
while not channel.empty():
    names.append(channel.child_value("label"))
    channel = channel.next_sibling()
while True:
    sample, when = inlet.pull_sample()
    print(f"{when:.3f}", *(f"{name}={value:.3f}" for name, value in zip(names, sample, strict=True)), flush=True)
