"""Arrays in, Plotly figure out. Nothing here draws on a page.

Every figure carries its description for people who cannot see it in `figure.layout.meta["alt"]`. Fonts, axes and hover
boxes are left to the theme of whoever shows it; the colours of the data are the same in the light and the dark one and
are legible on both.
"""
