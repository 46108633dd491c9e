"""What is made of what was seen: findings and lanes."""
