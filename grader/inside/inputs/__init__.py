"""What goes into student code: the grader's values, the student's own preprocessing."""
