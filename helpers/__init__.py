"""Shared plumbing of the deep vision workbook; ideas stand in the notebooks."""
