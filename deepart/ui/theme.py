"""The look of the page, light and dark: paper and ink around the pictures, and one colour for what can be done."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors

_INK = colors.Color(
    name="ink", c50="#f8f7f4", c100="#f0eee9", c200="#e2dfd8", c300="#cbc7be", c400="#a09b91", c500="#625e57",
    c600="#4c4944", c700="#383632", c800="#262522", c900="#1b1a18", c950="#131211",
)  # fmt: skip
_SEA = colors.Color(
    name="sea", c50="#eef6f5", c100="#d3e9e6", c200="#a9d4cf", c300="#78bab3", c400="#4b9d95", c500="#2b7f78",
    c600="#1f6a64", c700="#1b5652", c800="#184542", c900="#153937", c950="#0a2221",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """Return the theme; it fetches nothing, since its fonts are those of the visitor's machine.

    Each pair of a text's colour and its ground has a contrast of 4.5 or more, which WCAG 2 asks for (level AA).
    """
    return gr.themes.Base(
        primary_hue=_SEA, secondary_hue=_SEA, neutral_hue=_INK, radius_size="md",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Microsoft YaHei", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    ).set(
        body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950",
        background_fill_primary="#ffffff", background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100", background_fill_secondary_dark="*neutral_800",
        body_text_color="*neutral_800", body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500", body_text_color_subdued_dark="*neutral_300",
        block_background_fill="#ffffff", block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200", block_border_color_dark="*neutral_700",
        border_color_primary="*neutral_200", border_color_primary_dark="*neutral_700",
        block_info_text_color="*neutral_500", block_info_text_color_dark="*neutral_300",
        block_label_background_fill="*neutral_100", block_label_background_fill_dark="*neutral_800",
        block_label_text_color="*neutral_600", block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_700", block_title_text_color_dark="*neutral_100",
        block_shadow="none", block_shadow_dark="none", input_shadow="none", input_shadow_focus="none",
        input_background_fill="#ffffff", input_background_fill_dark="*neutral_800",
        input_border_color="*neutral_300", input_border_color_dark="*neutral_600",
        input_placeholder_color="*neutral_500", input_placeholder_color_dark="*neutral_300",
        button_primary_background_fill="*primary_600", button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600", button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff", button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="*neutral_100", button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_text_color="*neutral_800", button_secondary_text_color_dark="*neutral_100",
        button_secondary_border_color="*neutral_300", button_secondary_border_color_dark="*neutral_600",
        color_accent="*primary_600", color_accent_soft="*primary_100", color_accent_soft_dark="*primary_800",
        link_text_color="*primary_600", link_text_color_dark="*primary_300",
        slider_color="*primary_600", slider_color_dark="*primary_400",
        checkbox_background_color_selected="*primary_600", checkbox_background_color_selected_dark="*primary_500",
        checkbox_border_color="*neutral_400", checkbox_border_color_dark="*neutral_500",
        checkbox_label_background_fill_selected="*primary_100",
        checkbox_label_background_fill_selected_dark="*primary_800",
        checkbox_label_text_color_selected="*neutral_900", checkbox_label_text_color_selected_dark="*neutral_50",
        checkbox_label_border_color_selected="*primary_600", checkbox_label_border_color_selected_dark="*primary_400",
    )  # fmt: skip
