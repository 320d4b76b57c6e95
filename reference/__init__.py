"""Reference solutions: one file per task. They and the grader never import each other."""
