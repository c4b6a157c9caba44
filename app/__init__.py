"""Everything a visitor sees: pages, browser capture and the live loop. No model code and no training."""
