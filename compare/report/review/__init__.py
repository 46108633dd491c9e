"""What a change is reviewed with: findings at their lines, against those of an earlier run or of ruff."""
