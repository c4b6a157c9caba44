"""Small models of other families under the same contract: what ComP has to beat."""
