"""Interventions change the part that they name, what is asked inside of `with`, and nothing else."""

import pytest
import torch

from comp_core.evaluation.interventions import interventions
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import ALIKE, COMPONENTS, COORDINATOR, PROMPTS, PROPAGATION, ComP, ComPConfig, as_printed
from comp_core.modeling.prlf import PRLF, PRLFConfig

DIMS = dict.fromkeys(MODALITIES, 4)
MODELS = {
    "comp": ComPConfig(DIMS, 3, width=8),
    "comp-alike": ComPConfig(DIMS, 3, width=8, preset=ALIKE),
    "comp-paper": as_printed(DIMS, 3, 6),
    "prlf": PRLFConfig(DIMS, 3, width=8),
}
CASES = [(name, one) for name, config in MODELS.items() for one in interventions((PRLF if name == "prlf" else ComP)(config))]


def built(name):
    torch.manual_seed(0)
    return (PRLF if name == "prlf" else ComP)(MODELS[name]).eval()


def some_conversations():
    generator = torch.Generator().manual_seed(1)
    features = {m: torch.randn(3, 6, 4, generator=generator) for m in MODALITIES}
    observed = torch.rand(3, 6, 3, generator=generator) > 0.3
    observed[0, :, 2] = False
    valid = torch.ones(3, 6, dtype=torch.bool)
    valid[2, 4:] = False
    return Conversations(features, observed, valid)


def under(model, name, conversations, seed=0):
    with torch.inference_mode(), interventions(model)[name].on(model, conversations, torch.Generator().manual_seed(seed)):
        return model(conversations)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_each_changes_predictions_and_leaves_the_model_as_it_was(kind, name):
    model, conversations = built(kind), some_conversations()
    with torch.inference_mode():
        usual = model(conversations).logits
        changed = under(model, name, conversations).logits
        there = conversations.valid & conversations.observed.any(-1)
        # As printed, zeroed prototypes change next to nothing in an untrained model; that they change anything is enough.
        assert (changed - usual)[there].abs().max() > 0
        torch.testing.assert_close(model(conversations).logits, usual, rtol=0, atol=0)


def test_a_model_without_a_part_has_no_intervention_on_it():
    left = {part: set(interventions(ComP(ComPConfig(DIMS, 3, width=8, without=(part,))))) for part in COMPONENTS}
    assert left[PROMPTS] == {"equal_weights", "no_neighbours"}
    assert "equal_weights" not in left[COORDINATOR] and "empty_prompts" in left[COORDINATOR]
    assert "no_neighbours" not in left[PROPAGATION]


def test_prompts_that_say_nothing_leave_each_modality_with_what_it_knows_by_itself():
    model, conversations = built("comp"), some_conversations()
    with torch.inference_mode():
        torch.testing.assert_close(under(model, "empty_prompts", conversations).modality_logits, model.alone(conversations))


def test_who_sees_but_itself_does_not_depend_on_neighbours():
    model, conversations = built("prlf"), some_conversations()
    whole = under(model, "no_neighbours", conversations).modality_logits
    alone = Conversations(
        {m: x[:1, 1:2] for m, x in conversations.features.items()}, conversations.observed[:1, 1:2], conversations.valid[:1, 1:2]
    )
    seen = alone.observed[0, 0]
    torch.testing.assert_close(whole[0, 1, seen], under(model, "no_neighbours", alone).modality_logits[0, 0, seen])


def test_equal_weights_are_equal_among_what_is_known():
    for kind, name in (("comp", "equal_weights"), ("prlf", "equal_reliabilities")):
        model, conversations = built(kind), some_conversations()
        weights = under(model, name, conversations).weights
        known = conversations.known
        expected = known / known.sum(-1, keepdim=True).clamp(min=1)
        torch.testing.assert_close(weights[conversations.valid], expected[conversations.valid].float(), atol=2e-3, rtol=0)


def test_equal_reliabilities_keep_the_leader():
    model, conversations = built("prlf"), some_conversations()
    with torch.inference_mode():
        torch.testing.assert_close(under(model, "equal_reliabilities", conversations).dominant, model(conversations).dominant)


def test_what_is_shuffled_depends_on_the_randomness_only():
    model, conversations = built("comp"), some_conversations()
    one, same, other = (under(model, "shuffled_prompts", conversations, seed).logits for seed in (0, 0, 1))
    torch.testing.assert_close(one, same, rtol=0, atol=0)
    assert (one != other).any()
