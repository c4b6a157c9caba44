"""ComP and PRLF, two models for emotion recognition where modalities are missing, and all that stands around them.

Where to look:

- `comp_core.predictor`: files, words and moments in, predictions out. What a program that only uses the models needs.
- `comp_core.senses`: a face, a voice, words -> one feature vector, or the reason why there is none.
- `comp_core.modeling`: one file per block of ComP's paper, and PRLF; `comp_core.modeling.batch` is the contract that all models share.
- `comp_core.data`, `comp_core.training`, `comp_core.evaluation`: corpora and masks, how the weights were made, how they were judged.
- `comp_core.benchmark`: any model on any data set over missing rates, beside baselines.

```python
from comp_core.predictor import Predictor

predictor = Predictor.load(whisper="tiny.en")
records = predictor.predict_file("interview.mp4", without=["video"])
```

What is predicted is expression, not feelings. Not for use at work, in education on students, or in hiring.

.. include:: ../docs/lab.md
"""

__version__ = "1.4.0"
