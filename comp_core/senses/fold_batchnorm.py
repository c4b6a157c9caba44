"""Convolutional networks made ready to run, not to train."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def folded(network: Network) -> Network:
    """The same network in evaluation mode, changed in place: the same results up to rounding, in less time.

    Each batch normalisation is folded into the convolution before it, and filters are laid out channels last, as CPU kernels like them.
    """
    network.eval()
    for part in network.modules():
        if isinstance(part, nn.Sequential):
            for i, (first, second) in enumerate(pairwise(part)):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    part[i], part[i + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    # The stubs of torch do not know this argument.
    return network.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
