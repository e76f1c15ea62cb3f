"""The lab: its settings, the stage, and the pictures below it."""
