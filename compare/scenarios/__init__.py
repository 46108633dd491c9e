"""What is compared: each scenario prepares real resources, says what a child runs, and checks the answer."""
