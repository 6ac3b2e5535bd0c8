"""The figures of the page, drawn by matplotlib as SVG that takes its colours from the page around it."""

from .costs import draw_costs, pareto_front
from .curves import draw_accuracy, draw_losses
from .forest import draw_forest
from .rates import draw_rates

__all__ = ["draw_accuracy", "draw_costs", "draw_forest", "draw_losses", "draw_rates", "pareto_front"]
