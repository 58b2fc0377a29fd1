"""What may go wrong between peers, stage by stage, and what is left of it afterwards."""
