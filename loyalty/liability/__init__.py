"""What the points out there are worth: outstanding by cohort, breakage, liability, roll-forward."""
