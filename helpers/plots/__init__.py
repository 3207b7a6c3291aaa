"""Figures. Every function takes data and returns a Matplotlib Figure; none takes a model or guesses a value range.

A figure is the last expression of its cell: Jupyter shows it once. Colours are Okabe and Ito's, which colour-blind
readers can tell apart (https://jfly.uni-koeln.de/color/).

    charts     numbers on axes: `lines`, `scatter`, `learning_curves`, `bars`
    pictures   what is laid out otherwise: `image_grid`, `timeline`, `confusion`, `diagram`
"""

from helpers.plots.charts import bars as bars
from helpers.plots.charts import learning_curves as learning_curves
from helpers.plots.charts import lines as lines
from helpers.plots.charts import scatter as scatter
from helpers.plots.pictures import confusion as confusion
from helpers.plots.pictures import diagram as diagram
from helpers.plots.pictures import image_grid as image_grid
from helpers.plots.pictures import timeline as timeline
