"""The order engine a point of sale embeds."""
