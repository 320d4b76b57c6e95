"""What a submission shows and says without being run: stored outputs, tables, reports, PDFs."""
