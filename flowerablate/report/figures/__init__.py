"""The figures of the page, drawn by matplotlib as SVG that inherits the colours of the page."""

from .cost_plot import draw_costs, pareto_front
from .curve_plot import draw_accuracy, draw_losses
from .forest_plot import draw_forest
from .rates import draw_rates

__all__ = ["draw_accuracy", "draw_costs", "draw_forest", "draw_losses", "draw_rates", "pareto_front"]
