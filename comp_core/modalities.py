"""The three modalities and the label sets, in the one order used everywhere.

Every tensor with a modality axis is laid out as ``MODALITIES``; every tensor with a class axis as ``LABELS``.
"""

AUDIO = "audio"
TEXT = "text"
VIDEO = "video"

MODALITIES: tuple[str, ...] = (AUDIO, TEXT, VIDEO)

# Ekman's six and neutral: the set that MELD, GoEmotions, FER+ and RAVDESS share.
LABELS: tuple[str, ...] = ("neutral", "joy", "sadness", "anger", "fear", "disgust", "surprise")
