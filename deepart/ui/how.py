"""What a tab's models are, folded away under it: a picture that they drew, ten sentences, and where to read on."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass

import gradio as gr

from deepart.ui.common import EXAMPLES


@dataclass(frozen=True)
class How:
    """caption: what the parts of the picture are, from left to right. papers: title and arXiv number.

    paragraphs: three of whole sentences: how it works, what can be done with it, and what to know about it.
    """

    caption: str
    paragraphs: tuple[tuple[str, ...], ...]
    papers: tuple[tuple[str, str], ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences, in order."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)


HOW = {
    "gan": How(
        "The noise of a seed; what the generator has at 4, 8, 16, 32 and 64 pixels; the picture.",
        (
            (
                "A generator turns random numbers into a picture, from a few coarse blocks up to the whole.",
                "It has never been shown a picture: it learned from a second network, the discriminator, which "
                "looks at real and at generated pictures and says which is which.",
                "The two are trained against each other, each getting better because the other does; in use, only "
                "the generator is left.",
            ),
            (
                "A seed stands for one list of random numbers, and so for one picture, always the same.",
                "Between two lists there are others, and so a walk from one picture to another passes through "
                "pictures too.",
                "Directions in which pictures change in one way only, such as brighter or hairier, were found "
                "after the training and then named by a person.",
            ),
            (
                "It is good at endless variations of the one kind of picture that it knows, and bad at anything "
                "else: it cannot be told what to draw.",
                "Ours are small, see 128 pixels at most, and were trained for an hour or so: look closely and you "
                "will find smeared edges and odd shapes.",
                "They learned from painted-over photographs in the public domain, and from drawn heads that their "
                "artist gave away (CC0).",
                "A generator can come close to a picture that it has learned from; for artists that is the "
                "question to ask of any such tool: whose pictures were they, and did they agree?",
            ),
        ),
        (
            ("Generative Adversarial Networks", "1406.2661"),
            ("Analyzing and Improving the Image Quality of StyleGAN", "1912.04958"),
            ("Towards Faster and Stabilized GAN Training", "2101.04775"),
        ),
    ),
    "vae": How(
        "A photograph; its latent, of which three parts are shown as colours; what is made of that; the error, "
        "ten times as strong.",
        (
            (
                "An encoder takes a picture apart into a few numbers, the latent, and a decoder makes a picture of "
                "them again.",
                "The two were trained together: what comes out shall be what went in, though it has to pass "
                "through the narrow latent.",
                "Variational means that the encoder gives not one number but a range of likely ones, so that "
                "nearby latents make sense as well.",
            ),
            (
                "“Pictures” has a latent that is a small map of the picture, so it takes any photograph at any "
                "size, and little can be done in between.",
                "“Portraits” has one list of 128 numbers for a whole drawn head: change one and the whole head "
                "changes, which is what sliders and morphs do.",
                "A second network has learned which lists are likely, its prior; to draw from it is to get a head "
                "that nobody drew.",
            ),
            (
                "What a VAE is bad at is the finest detail, which goes first, as the error map shows.",
                "It was trained on photographs and drawings that are in the public domain or given away by their "
                "artists, and on pictures that programs painted.",
                "Encoders like this one stand at the door of most of today's image generators, which paint in the "
                "latent and not in pixels.",
                "They keep of a work of art what can be counted, and that is less than it is.",
            ),
        ),
        (
            ("Auto-Encoding Variational Bayes", "1312.6114"),
            ("Autoencoding beyond pixels using a learned similarity metric", "1512.09300"),
            ("Diagnosing and Enhancing VAE Models", "1903.05789"),
        ),
    ),
    "style": How(
        "A photograph, and where deep features see something in it; a painting, and its strokes in early "
        "features; the one in the style of the other.",
        (
            (
                "A network that was once trained to name things in photographs, VGG, describes a picture in "
                "layers: edges and strokes first, then textures, then parts of things.",
                "The deep layers of the photograph are its content: what is where.",
                "How the early layers of the painting go together, whatever the place, is its style: colours, "
                "strokes, textures.",
            ),
            (
                "“Fine” begins with the photograph and corrects its pixels hundreds of times, until content and "
                "style are near to what is wanted.",
                "“Fast” lays the photograph out of pieces of the painting, and one pass of a network that was "
                "trained to please those same layers makes a picture of it.",
                "Both copy palette, strokes and texture, and both know nothing of trees or faces: a face can lose "
                "its eyes to a brush stroke.",
            ),
            (
                "Pictures with large, clear strokes work best; a style whose art is in its composition does not "
                "come across.",
                "“Fast” learned on public-domain photographs and on styles that our own programs painted; VGG "
                "comes from a published package.",
                "A style is not owned by anybody, but it was somebody's work of years: name the painter when you "
                "show what came out, and think twice before you imitate a living one.",
                "What you upload stays on the machine that this page runs on, and is deleted after a day.",
            ),
        ),
        (
            ("A Neural Algorithm of Artistic Style", "1508.06576"),
            ("Perceptual Losses for Real-Time Style Transfer", "1603.08155"),
            ("Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", "1703.06868"),
        ),
    ),
}


def lay_how(task: str) -> None:
    """Lay it out, closed, inside the Blocks being built."""
    with gr.Accordion("How it works", open=False, elem_id=f"{task}-how"):
        # Each by itself: what holds words goes to the browser in all languages, and the picture is large.
        gr.HTML(picture_html(task), elem_classes="da-how")
        gr.HTML(how_html(task), elem_classes="da-how")


def picture_html(task: str) -> str:
    """Return the picture as HTML, inside which it is; its caption comes with how_html()."""
    data = base64.b64encode((EXAMPLES / "how" / f"{task}.webp").read_bytes()).decode()
    return f'<img src="data:image/webp;base64,{data}" alt="" loading="lazy">'


def how_html(task: str) -> str:
    """Return the words as HTML: each text is a caption, a paragraph or a title as a whole, as translations want it."""
    how = HOW[task]
    told = "".join(f"<p>{html.escape(' '.join(paragraph))}</p>" for paragraph in how.paragraphs)
    papers = "".join(f"<li><i>{html.escape(title)}</i> (arXiv {number})</li>" for title, number in how.papers)
    return f'<p class="da-caption">{html.escape(how.caption)}</p>{told}<p>To read on:</p><ul>{papers}</ul>'
