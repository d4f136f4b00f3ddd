"""Why a network answers as it does: the evidence in the picture, what would change the answer, what it resembles."""
