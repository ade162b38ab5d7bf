"""What chooses among placements: candidates, bounds, settling, scores, baselines."""
