"""Pieces of the tearsheet: drawings, text, style sheet and script."""
