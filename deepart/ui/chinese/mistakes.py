"""In Chinese: sentences of errors, of the page and of the whole package, and what stands in them."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "picture": "图片",
    "first picture": "第一张图片",
    "second picture": "第二张图片",
    "picture to find": "要寻找的图片",
    "reconstruction": "重建图",
    "frame": "帧",
    "file": "文件",
    "seed": "种子",
    "size": "尺寸",
    "width": "宽度",
    "height": "高度",
    "side": "边长",
    "weight": "权重",
    "strength": "强度",
    "temperature": "温度",
    "truncation": "截断",
    "mutation": "变异",
    "channel": "通道",
    "gain": "放大倍数",
    "fps": "每秒帧数",
    "max_pixels": "像素上限",
    "memory limit": "内存上限",
    "number of pictures": "图片数量",
    "number of variations": "变体数量",
    "number of children": "子代数量",
    "number of frames": "帧数",
    "number of steps": "步数",
    "truncations": "截断值",
    "parents": "亲本",
    "seeds of a walk": "漫步经过的种子",
    "latents": "潜变量",
    "numbers of a latent": "潜变量的数值",
    "none": "无",
    "mean": "均值",
    "std": "标准差",
    "model": "模型",
    "version": "版本",
    "style": "风格",
    "content": "内容",
    "shapes": "形状",
    "detail": "细节",
    "a Photoshop file": "Photoshop 文件",
    "an icon (ICO)": "图标（ICO）",
    "a ZIP archive": "ZIP 压缩包",
    "a gzip archive": "gzip 压缩包",
    "a video (MP4)": "视频（MP4）",
    "a video (WebM or Matroska)": "视频（WebM 或 Matroska）",
    "a Python pickle": "Python pickle 文件",
    "a web page (HTML)": "网页（HTML）",
    "text": "文本",
    "of an unknown kind": "未知类型",
    "get it again from where it came from": "请从原来的地方重新获取",
    "close other programs, or choose a smaller model": "请关闭其他程序，或选择较小的模型",
    "use the CPU (--device cpu)": "请改用 CPU（--device cpu）",
    "try a smaller one": "请换一张小一些的",
    "finding the way through the prior": "在先验中寻找路径",
    "drawing from the prior": "从先验中抽样",
}

SENTENCES: dict[str, str] = {
    "No result is chosen yet; click one first.": "还没有选中作品；请先点击一张。",
    "No favourite is a generated picture; click one of these and mark it.": (
        "收藏里没有生成的图片；请点击一张生成的图片并收藏它。"
    ),
    # Pictures and their files.
    "There is no picture yet; upload one or choose an example.": "还没有图片；请上传一张，或选一个示例。",
    "There is no {} yet; upload one or choose an example.": "还没有{0}；请上传一张，或选一个示例。",
    "There is no content picture yet; upload one or choose an example.": "还没有内容图；请上传一张，或选一个示例。",
    "There is no picture to find yet; upload one.": "还没有要寻找的图片；请上传一张。",
    "There is no second picture yet; upload one or choose one.": "还没有第二张图片；请上传一张，或选一张。",
    "The {} cannot be used. {}": "{0}无法使用。{1}",
    "The {} is a web address; upload the file itself.": "{0}是一个网址；请上传文件本身。",
    "The {} is not an uploaded file; in Python pass handle_file(path).": (
        "{0}不是上传的文件；在 Python 中请传入 handle_file(path)。"
    ),
    "The pictures are no list of uploaded files; in Python pass [handle_file(path)].": (
        "这些图片不是上传文件的列表；在 Python 中请传入 [handle_file(path)]。"
    ),
    "The file is {}, not PNG, JPEG or WEBP; save it as one of these and try again.": (
        "该文件是{0}，不是 PNG、JPEG 或 WEBP；请另存为其中一种格式后重试。"
    ),
    (
        "The {} file is damaged, cut short or of a rare sort, so it cannot be read; save it again as PNG, JPEG "
        "or WEBP and try again."
    ): ("这个 {0} 文件已损坏、不完整或格式少见，无法读取；请重新保存为 PNG、JPEG 或 WEBP 后重试。"),
    "A picture of mode {} cannot be saved as PNG; convert it to RGB.": "{0} 模式的图片无法保存为 PNG；请先转换为 RGB。",
    "The file cannot be opened; check that you may read it and try again.": "文件无法打开；请确认有读取权限后重试。",
    "The file has more than {} million bytes; save it smaller.": "文件超过 {0} 百万字节；请压缩后再保存。",
    "The file is empty; choose a PNG, JPEG or WEBP file.": "文件是空的；请选择 PNG、JPEG 或 WEBP 文件。",
    "The file object cannot be read from its start; give a path or a file open in binary mode.": (
        "无法从头读取该文件对象；请给出路径，或以二进制模式打开的文件。"
    ),
    "The file {} cannot be written; check that its folder exists and is yours.": (
        "文件 {0} 无法写入；请确认其文件夹存在并且有写入权限。"
    ),
    "The path is that of a folder; name a PNG, JPEG or WEBP file in it.": (
        "这是文件夹的路径；请指定其中的 PNG、JPEG 或 WEBP 文件。"
    ),
    "The picture does not fit into the free memory; scale it down.": "可用内存放不下这张图片；请把它缩小。",
    "The {} does not fit into the free memory; scale it down.": "可用内存放不下{0}；请把它缩小。",
    "The picture has the mode {}, not RGB; pass it through deepart.images.check_image.": (
        "图片的模式是 {0}，不是 RGB；请先用 deepart.images.check_image 处理。"
    ),
    "The picture is of type {}; give a path or a file open in binary mode.": (
        "图片的类型是 {0}；请给出路径，或以二进制模式打开的文件。"
    ),
    "The settings of a picture hold something that JSON cannot hold; give text, finite numbers and lists.": (
        "图片的设置中含有 JSON 无法保存的内容；请只用文本、有限的数字和列表。"
    ),
    "The settings of a picture take {} bytes; at most {} do.": "图片的设置占 {0} 字节；最多只能占 {1} 字节。",
    "The size is {}; it must be a whole number of pixels, 1 or more.": "尺寸是 {0}；必须是不小于 1 的整数像素。",
    "The size {} makes {}x{} pixels; at most {} are made, so ask for less.": (
        "尺寸 {0} 会得到 {1}x{2} 像素；总数最多 {3} 像素，请要小一些。"
    ),
    "The tensor has the shape {}; a picture is (1, 3, H, W) or (3, H, W).": (
        "张量的形状是 {0}；图片应为 (1, 3, H, W) 或 (3, H, W)。"
    ),
    "The {} cannot be read as RGB; convert it to RGB or save it as PNG first.": (
        "{0}无法按 RGB 读取；请先转换为 RGB，或另存为 PNG。"
    ),
    "The {} is of type {}, not a PIL image; open a picture file with deepart.images.load_image.": (
        "{0}的类型是 {1}，不是 PIL 图像；请用 deepart.images.load_image 打开图片文件。"
    ),
    "There is no file {}; check the name and try again.": "没有文件 {0}；请检查文件名后重试。",
    "The {} is {}x{} pixels, {} in all; at most {} are taken, so scale it down.": (
        "{0}是 {1}x{2} 像素，共 {3} 像素；最多接受 {4} 像素，请把它缩小。"
    ),
    "The {} is {}x{} pixels; each side must have at least {}, so choose a larger one.": (
        "{0}是 {1}x{2} 像素；每边至少要有 {3} 像素，请换一张大一些的。"
    ),
    "The {} is {}x{} pixels; the longer side may be {} times the shorter at most, so crop it.": (
        "{0}是 {1}x{2} 像素；长边最多为短边的 {3} 倍，请裁剪后再用。"
    ),
    "The pictures are {}x{} pixels; SSIM needs at least 11 on each side.": (
        "图片是 {0}x{1} 像素；计算 SSIM 时每边至少要有 11 像素。"
    ),
    "The pictures have the shapes {} and {}; bring them to one size first.": "图片的形状是 {0} 和 {1}；请先统一尺寸。",
    "The animation's file is {}; its name must end in {}.": "动画文件是 {0}；文件名必须以 {1} 结尾。",
    "The frames are of different sizes, {} and {} among them; bring them to one size.": (
        "各帧尺寸不同，其中有 {0} 和 {1}；请统一尺寸。"
    ),
    "The frames are no list; give a list of 1 to {} pictures.": "各帧不是列表；请给出 1 到 {0} 张图片的列表。",
    "There are {} frames; give a list of 1 to {} pictures.": "共有 {0} 帧；请给出 1 到 {1} 张图片的列表。",
    # Options.
    "The {} is {}; it must be a number from {} to {}.": "{0}是 {1}；必须是 {2} 到 {3} 之间的数。",
    "The {} is {}; it must be a {} from {} to {}.": "{0}是 {1}；必须是 {3} 到 {4} 之间的{2}。",
    "The seed is {}, and with {} pictures the last would be {}; at most {} is taken.": (
        "种子是 {0}，生成 {1} 张时最后一个种子会是 {2}；最大只能是 {3}。"
    ),
    "The seed {} is no whole number from 0 to {}; write seeds like 3, 17, 42.": (
        "种子 {0} 不是 0 到 {1} 之间的整数；请这样写种子：3, 17, 42。"
    ),
    "The seeds are {}; give a list, such as [3, 17, 42].": "种子是 {0}；请给出列表，例如 [3, 17, 42]。",
    "There is no seed; type a whole number from 0 to {}.": "没有种子；请输入 0 到 {0} 之间的整数。",
    "The number of pictures is {}; a latent is of one picture.": "图片数量是 {0}；一个潜变量只对应一张图片。",
    "The format is {}; it must be one of {}.": "格式是 {0}；必须是 {1} 之一。",
    "The model is {}; it must be a name.": "模型是 {0}；必须是一个名称。",
    "The model is {}; it must be a name, a folder or a Hub repository id.": (
        "模型是 {0}；必须是名称、文件夹或 Hub 仓库 ID。"
    ),
    "The task is {}; it must be one of {}.": "任务是 {0}；必须是 {1} 之一。",
    "The preserve_color is {}; it must be true or false.": "preserve_color 是 {0}；必须是 true 或 false。",
    "The preserve_color is {}; it must be True or False.": "preserve_color 是 {0}；必须是 True 或 False。",
    "The loop is {}; it must be True or False.": "loop 是 {0}；必须是 True 或 False。",
    "The path is {}; it must be one of {}.": "路径方式是 {0}；必须是 {1} 之一。",
    "The callback is {}; it must be a function of step, total and preview.": (
        "callback 是 {0}；必须是接受 step、total 和 preview 的函数。"
    ),
    "The {} are {}; give a list of {} to {}.": "{0}是 {1}；请给出含 {2} 到 {3} 项的列表。",
    "There are {} {}; give {} to {}.": "给出了 {0} 个{1}；请给 {2} 到 {3} 个。",
    "The {} are {}; give a list of names.": "{0} 是 {1}；请给出名称列表。",
    "The directions are {}; give a mapping of names to amounts.": "方向是 {0}；请给出名称到幅度的映射。",
    "There is no direction {}; did you mean {}? Known: {}.": "没有方向 {0}；是不是想用 {1}？可用的有：{2}。",
    "There is no direction {}. Known: {}.": "没有方向 {0}。可用的有：{1}。",
    "There is no layer {}; this network has {}.": "没有层 {0}；该网络有 {1}。",
    "There is no {} layer {}; this network has {}.": "没有{0}层 {1}；该网络有 {2}。",
    "There is no {} layer; name at least one, such as {}.": "没有{0}层；请至少指定一层，例如 {1}。",
    "The device {} is not on this machine, which has: {}.": "这台机器上没有设备 {0}，只有：{1}。",
    "The device {} is not one that torch knows; use 'cuda', 'mps' or 'cpu'.": (
        "torch 不认识设备 {0}；请使用“cuda”“mps”或“cpu”。"
    ),
    "The {} ran out of memory {}; {}.": "{0} 的内存不足，正在{1}；{2}。",
    # Painting in a style.
    "No style is chosen; tick one or more.": "没有选择风格；请勾选一个或多个。",
    "All style weights are 0; make at least one of them larger.": "所有风格权重都是 0；请至少调大其中一个。",
    "There are {} style pictures; give one to {}.": "有 {0} 张风格图；请给 1 到 {1} 张。",
    "There are {} weights for {} style pictures; give one weight for each.": (
        "{1} 张风格图有 {0} 个权重；请为每张各给一个权重。"
    ),
    "The content picture is {}x{} pixels; this model paints up to {}, so pass size={} or less.": (
        "内容图是 {0}x{1} 像素；该模型最大画到 {2} 像素，请传入 size={3} 或更小的值。"
    ),
    (
        "The result would be {}x{} pixels; its shorter side must be at least {}, so ask for a larger size or "
        "crop the content picture."
    ): ("结果将是 {0}x{1} 像素；短边至少要有 {2} 像素，请选择更大的尺寸，或裁剪内容图。"),
    "The model {} paints one picture at a time; use 'fast' for a sheet.": (
        "模型 {0} 一次只画一张；一次试多种风格请用“fast”。"
    ),
    "The model {} paints in one pass and has no {}; leave it out, or use 'fine'.": (
        "模型 {0} 一遍画成，没有 {1}；请去掉它，或改用“fine”。"
    ),
    # Generated pictures.
    "No picture is chosen yet; click one first.": "还没有选择图片；请先点击一张。",
    "There are no pictures yet; make some first.": "还没有图片；请先生成几张。",
    "The pictures on the wall are of another model than the sliders; make new ones.": (
        "墙上的图片与滑块不属于同一个模型；请重新生成。"
    ),
    "The file of this picture was deleted, as all are after a day; make the picture again.": (
        "这张图片的文件已被删除（所有文件都只保留一天）；请重新生成图片。"
    ),
    "The file of this picture was deleted, as all are after a day; make it again.": (
        "这张图片的文件已被删除（所有文件都只保留一天）；请重新生成。"
    ),
    "There is no result to send yet; make one first.": "还没有可以发送的结果；请先生成一个。",
    "This picture is not there any more; click another.": "这张图片已经不在了；请点击另一张。",
    "The marked pictures are of different models; unmark those of one model.": (
        "标记的图片属于不同模型；请取消其中一个模型的标记。"
    ),
    "There is no parent yet; mark the pictures that you like.": "还没有亲本；请标记喜欢的图片。",
    "{} pictures are marked and {} may be parents; unmark some.": "标记了 {0} 张图片，而亲本最多 {1} 张；请取消几张。",
    "The two pictures are of different models; take two of the same.": "两张图片属于不同模型；请选同一模型的两张。",
    "There is no picture for the {} yet; type a seed or choose a picture.": (
        "还没有提供{0}的图片；请输入种子，或选一张图片。"
    ),
    "A walk goes through {} pictures at most and this one has {}; type fewer.": (
        "一次漫步最多经过 {0} 张图片，这次有 {1} 张；请少写几个。"
    ),
    "A walk needs two pictures or more and this one has {}; type more seeds.": (
        "漫步至少需要两张图片，这次只有 {0} 张；请多写几个种子。"
    ),
    "The work was stopped before there was a picture.": "还没有出图，工作就停止了。",
    "Something went wrong on our side; please try again.": "我们这边出了问题；请重试。",
    "The picture carries no settings of DeepArt; choose a PNG that was downloaded here.": (
        "这张图片不含 DeepArt 的设置；请选择从这里下载的 PNG。"
    ),
    "The picture carries no settings of DeepArt; choose a PNG that was downloaded from this tab.": (
        "这张图片不含 DeepArt 的设置；请选择从本页下载的 PNG。"
    ),
    "The picture carries no settings of DeepArt, so its latent is not known; project() finds a near one.": (
        "这张图片不含 DeepArt 的设置，潜变量未知；project() 可以找到相近的一个。"
    ),
    "The picture was made by the model {}, which is not here.": "这张图片由模型 {0} 生成，而这里没有该模型。",
    "The picture was made by the task {}, not here; choose one from this tab.": (
        "这张图片来自任务 {0}，不是在这里生成的；请选择本页的图片。"
    ),
    "The picture was made by {}, which is not on this machine yet; get it under “More models” first.": (
        "这张图片由“{0}”生成，而该模型还不在这台机器上；请先在“更多模型”中获取。"
    ),
    "The picture was made by a {} model; give one that a GAN made.": (
        "这张图片由 {0} 模型生成；请给出由 GAN 生成的图片。"
    ),
    "The picture was made by {}, version {}, and this is {}, version {}; use the model that made it.": (
        "这张图片由 {0}（版本 {1}）生成，而这里是 {2}（版本 {3}）；请使用生成它的模型。"
    ),
    "The picture is a mix, so no single latent makes it; give one of the two that it was mixed from.": (
        "这是混合图片，没有单独的潜变量能生成它；请给出混合所用的两张之一。"
    ),
    "There are {} latents for {} pictures; leave n out, or give as many.": (
        "{1} 张图片却有 {0} 个潜变量；请省略 n，或给出同样数目的潜变量。"
    ),
    "A latent in the settings is no base64 text of {} numbers; take another picture.": (
        "设置中的潜变量不是 {0} 个数的 base64 文本；请换一张图片。"
    ),
    "The {} are of the kind {}; give plain float32 numbers.": "{0}的类型是 {1}；请给出普通的 float32 数。",
    "The {} are of type {}; give a tensor of shape (n, {}).": "{0}的类型是 {1}；请给出形状为 (n, {2}) 的张量。",
    "The {} have the shape {}; this model takes (n, {}) with n from 1 to {}.": (
        "{0}的形状是 {1}；该模型接受 (n, {2})，n 为 1 到 {3}。"
    ),
    "The {} hold numbers that are not finite or beyond {}; give a good latent.": (
        "{0}中有非有限或超过 {1} 的数；请给出正常的潜变量。"
    ),
    # Pictures taken apart, and latents in files.
    "There is no picture yet; choose one and press “Reconstruct”.": "还没有图片；请选一张，再点击“重建”。",
    "Another picture has come since you pressed the button; press it again.": (
        "点击按钮之后换了另一张图片；请再点击一次。"
    ),
    "The files of this picture were deleted, as all are after a day; press “Reconstruct” to make them again.": (
        "这张图片的文件已被删除（所有文件都只保留一天）；请点击“重建”重新生成。"
    ),
    "There is no picture {} yet; upload one, take the picture above or draw three.": (
        "还没有图片 {0}；请上传一张，使用上面的图片，或随机画三张。"
    ),
    "There is no model here that pictures can be drawn from.": "这里没有可以凭空作画的模型。",
    "There are a picture and a latent file; give one of the two.": "同时给了图片和潜变量文件；请只给其中一个。",
    "The picture is {}x{} pixels; at most {} a side are taken, so scale it down.": (
        "图片是 {0}x{1} 像素；每边最多接受 {2} 像素，请把它缩小。"
    ),
    "The picture is {}x{} pixels and the reconstruction {}x{}; an error map takes two of one size.": (
        "图片是 {0}x{1} 像素，重建图是 {2}x{3} 像素；误差图需要两张尺寸相同的图片。"
    ),
    "The latent has the shape {}; that of a picture of {}x{} pixels has {}.": (
        "潜变量的形状是 {0}；{1}x{2} 像素图片的潜变量形状应为 {3}。"
    ),
    "The latent is of type {}; give one that encode() or Latent.load() returned.": (
        "潜变量的类型是 {0}；请给出 encode() 或 Latent.load() 返回的潜变量。"
    ),
    "The latent was made by {}, version {}, and this is {}, version {}; use the model that made it.": (
        "潜变量由 {0}（版本 {1}）得到，而这里是 {2}（版本 {3}）；请使用得到它的模型。"
    ),
    "The latent of {} is a vector and has no channels to look at; use 'pictures'.": (
        "{0} 的潜变量是向量，没有可看的通道；请用“pictures”。"
    ),
    "The model {} has a latent for every part of a picture, and no {}; use 'portraits'.": (
        "模型 {0} 为图片的每一部分各有潜变量，没有 {1}；请用“portraits”。"
    ),
    "The model {} has no prior to draw pictures from; use 'portraits'.": (
        "模型 {0} 没有可以抽取图片的先验；请用“portraits”。"
    ),
    "The file cannot be read; give a path or a file open in binary mode.": (
        "文件无法读取；请给出路径，或以二进制模式打开的文件。"
    ),
    "The file for the latent is {}; give a name.": "潜变量的文件是 {0}；请给出文件名。",
    "The file is open in text mode; open it in binary mode.": "文件以文本模式打开；请以二进制模式打开。",
    "The file object cannot be written; check that its folder exists and is yours.": (
        "文件对象无法写入；请确认其文件夹存在并且有写入权限。"
    ),
    "The latent has a deviation that is not above 0; take one that a VAE made.": (
        "潜变量中有不大于 0 的标准差；请使用由 VAE 得到的潜变量。"
    ),
    "The latent has {} means and {} deviations; it must have as many of the one as of the other.": (
        "潜变量有 {0} 个均值和 {1} 个标准差；两者必须一样多。"
    ),
    "The latent's file is {}; give a path or a file open in binary mode.": (
        "潜变量的文件是 {0}；请给出路径，或以二进制模式打开的文件。"
    ),
    "The size is {}; it must be a width and a height in pixels.": "尺寸是 {0}；必须是以像素计的宽和高。",
    "The file cannot be opened; check that you may read it.": "文件无法打开；请确认有读取权限。",
    "The file {} cannot be opened; check that you may read it.": "文件 {0} 无法打开；请确认有读取权限。",
    "The file has more than {} million bytes; no latent has as many.": "文件超过 {0} 百万字节；潜变量不会有这么大。",
    "The file {} has more than {} million bytes; no latent has as many.": (
        "文件 {0} 超过 {1} 百万字节；潜变量不会有这么大。"
    ),
    "There is no file; give one that a latent was saved in.": "没有文件；请给出保存了潜变量的文件。",
    "There is no file {}; give one that a latent was saved in.": "没有文件 {0}；请给出保存了潜变量的文件。",
    "The {} does not say which model made its numbers, so they cannot be used; give one that was saved here.": (
        "{0}没有说明数值来自哪个模型，因此无法使用；请给出在这里保存的文件。"
    ),
    "The {} holds other tensors than those of a latent; give one that was saved here.": (
        "{0}中的张量不是潜变量的张量；请给出在这里保存的文件。"
    ),
    "The {} is damaged or cut short; save the latent again.": "{0}已损坏或不完整；请重新保存潜变量。",
    "The {} is empty, not a latent; give one that was saved here as a safetensors file.": (
        "{0}是空的，不是潜变量；请给出在这里保存的 safetensors 文件。"
    ),
    "The {} is {}, not a latent; give one that was saved here as a safetensors file.": (
        "{0}是{1}，不是潜变量；请给出在这里保存的 safetensors 文件。"
    ),
    "The {} of the latent has the shape {}; it must be (1, channels, h, w) or (1, latent).": (
        "潜变量的{0}形状是 {1}；必须是 (1, channels, h, w) 或 (1, latent)。"
    ),
    "The {} of the latent holds numbers that are not finite or beyond {}; take one that a VAE made.": (
        "潜变量的{0}中有非有限或超过 {1} 的数；请使用由 VAE 得到的潜变量。"
    ),
    "The {} of the latent is of type {}; it must be a tensor of fractions.": "潜变量的{0}类型是 {1}；必须是浮点张量。",
    "The {} of the latent is {}; it must be a name.": "潜变量的{0}是 {1}；必须是一个名称。",
    # Models, their files and the Hub.
    "No model is chosen yet; choose one first.": "还没有选择模型；请先选一个。",
    "{} is no Hub repository; type one like org/name.": "{0} 不是 Hub 仓库；请按 org/name 的形式输入。",
    "{} is no Hub repository; give one like org/name.": "{0} 不是 Hub 仓库；请按 org/name 的形式给出。",
    "There is a {} model {} already; give the folder another name.": "已经有 {0} 模型 {1}；请给文件夹换个名称。",
    "There is no {} model here yet; give a local folder or a Hub repository id.": (
        "这里还没有 {0} 模型；请给出本地文件夹或 Hub 仓库 ID。"
    ),
    "There is no {} model {}; did you mean {}? Known: {}.": "没有 {0} 模型 {1}；是不是想用 {2}？可用的有：{3}。",
    "There is no {} model {}, but a {} model of that name. Known: {}.": (
        "没有 {0} 模型 {1}，但有同名的 {2} 模型。可用的有：{3}。"
    ),
    "There is no {} model {}. Known: {}.": "没有 {0} 模型 {1}。可用的有：{2}。",
    "There is no folder {}; give one, or a name, or a Hub repository id like org/name.": (
        "没有文件夹 {0}；请给出文件夹、名称，或 org/name 形式的 Hub 仓库 ID。"
    ),
    "This model needs the package {}; install it with 'pip install {}'.": (
        "该模型需要软件包 {0}；请用“pip install {1}”安装。"
    ),
    "This model needs the package diffusers; install it with 'pip install diffusers'.": (
        "该模型需要软件包 diffusers；请用“pip install diffusers”安装。"
    ),
    "{} is a file; give the folder that holds {} and {}.": "{0} 是文件；请给出含有 {1} 和 {2} 的文件夹。",
    "The model in {} needs the features {}, which are not on this machine; get a model first that has them.": (
        "{0} 中的模型需要特征网络 {1}，而它不在这台机器上；请先获取带有它的模型。"
    ),
    "The model in {} needs the features {}, which this DeepArt does not have.": (
        "{0} 中的模型需要特征网络 {1}，而这个版本的 DeepArt 没有它。"
    ),
    "In the file {}, {} is {}; it takes a value like {}.": "文件 {0} 中，{1} 是 {2}；应为类似 {3} 的值。",
    "In the file {}, {} is {}; of this kind only networks with {} are known.": (
        "文件 {0} 中，{1} 是 {2}；这类网络只支持 {3}。"
    ),
    "The Hub repository {} has no revision {}; name one that it has.": (
        "Hub 仓库 {0} 没有版本 {1}；请指定一个已有的版本。"
    ),
    "The Hub repository {} is gated; accept its terms on its page, then log in with 'hf auth login'.": (
        "Hub 仓库 {0} 需要授权；请在其页面接受条款，再用“hf auth login”登录。"
    ),
    (
        "The Hub repository {} offers {} with {} bytes instead of {}, so it was not downloaded; update DeepArt, "
        "or choose another model."
    ): ("Hub 仓库 {0} 提供的 {1} 为 {2} 字节，而不是 {3} 字节，因此没有下载；请更新 DeepArt，或选择其他模型。"),
    "There is no Hub repository {}, or it is private; check the name, or log in with 'hf auth login'.": (
        "没有 Hub 仓库 {0}，或它是私有的；请检查名称，或用“hf auth login”登录。"
    ),
    "The file {} of the Hub repository {} arrived incomplete; try again.": "Hub 仓库 {1} 的文件 {0} 没有传完；请重试。",
    "The file {} of the Hub repository {} does not exist at {}; a model that save_pretrained made has it.": (
        "Hub 仓库 {1} 在 {2} 处没有文件 {0}；由 save_pretrained 保存的模型都有它。"
    ),
    "The file {} of the Hub repository {} does not fit on the disk; free some space in {}.": (
        "磁盘放不下 Hub 仓库 {1} 的文件 {0}；请在 {2} 腾出空间。"
    ),
    "The file {} of the Hub repository {} has a size that is not said; here up to {} are taken.": (
        "Hub 仓库 {1} 的文件 {0} 没有说明大小；这里最多接受 {2}。"
    ),
    "The file {} of the Hub repository {} has {}; here up to {} are taken.": (
        "Hub 仓库 {1} 的文件 {0} 有 {2}；这里最多接受 {3}。"
    ),
    (
        "The file {} of the Hub repository {} is not on this machine, and HF_HUB_OFFLINE forbids the download; "
        "unset it, or use another model."
    ): ("Hub 仓库 {1} 的文件 {0} 不在这台机器上，而 HF_HUB_OFFLINE 禁止下载；请取消该设置，或使用其他模型。"),
    (
        "The file {} of the Hub repository {} is not on this machine, and the Hub cannot be reached; check the "
        "connection, or use another model."
    ): ("Hub 仓库 {1} 的文件 {0} 不在这台机器上，也连接不到 Hub；请检查网络，或使用其他模型。"),
    (
        "The file {} of the Hub repository {} was not downloaded, because the Hub answered with status {}; try "
        "again later."
    ): ("Hub 仓库 {1} 的文件 {0} 没有下载成功，Hub 返回了状态 {2}；请稍后再试。"),
    "The file {} of the Hub repository {} was not stored in {}: {}.": "Hub 仓库 {1} 的文件 {0} 没能保存到 {2}：{3}。",
    "The file {} of the Hub repository {} was refused with status {}; log in anew with 'hf auth login'.": (
        "获取 Hub 仓库 {1} 的文件 {0} 被拒绝，状态 {2}；请用“hf auth login”重新登录。"
    ),
    "The file {} cannot be read ({}); {}.": "文件 {0} 无法读取（{1}）；{2}。",
    "The file {} does not fit the network: it lacks {}.": "文件 {0} 与网络不符：缺少 {1}。",
    "The file {} does not fit the network: {} is {} instead of {}.": "文件 {0} 与网络不符：{1} 是 {2}，而不是 {3}。",
    "The file {} does not fit the network: {}.": "文件 {0} 与网络不符：{1}。",
    "The file {} does not hold named tensors; a state dict is wanted.": (
        "文件 {0} 中不是带名称的张量；需要的是 state dict。"
    ),
    "The file {} has numbers in {} that are not finite; get it again.": "文件 {0} 的 {1} 中有非有限的数；请重新获取。",
    "The file {} makes numbers in {} that are not finite; get it again.": (
        "由文件 {0} 算出的 {1} 中有非有限的数；请重新获取。"
    ),
    "The file {} has {}, which this DeepArt does not know; update it.": (
        "文件 {0} 含有这个版本的 DeepArt 不认识的 {1}；请更新 DeepArt。"
    ),
    "The file {} holds a {}, not an object; save the model again.": "文件 {0} 中是 {1}，不是对象；请重新保存模型。",
    "The file {} is damaged, and the Hub cannot be reached for a new one; check the connection.": (
        "文件 {0} 已损坏，又连接不到 Hub 来重新下载；请检查网络。"
    ),
    "The file {} is damaged, or holds more than tensors; get it again.": (
        "文件 {0} 已损坏，或含有张量以外的内容；请重新获取。"
    ),
    "The file {} is damaged, with {} bytes instead of {}; {}.": "文件 {0} 已损坏，只有 {1} 字节，应为 {2} 字节；{3}。",
    "The file {} is damaged: {} Get it again.": "文件 {0} 已损坏：{1}请重新获取。",
    "The file {} is for a network {}; known for {} are: {}.": "文件 {0} 用于网络 {1}；{2} 可用的网络有：{3}。",
    "The file {} is for the task {}; this needs a {} model.": "文件 {0} 用于任务 {1}；这里需要 {2} 模型。",
    "The file {} is missing; {}.": "文件 {0} 不存在；{1}。",
    "The file {} is not JSON ({}); save the model again.": "文件 {0} 不是 JSON（{1}）；请重新保存模型。",
    "The file {} is not the one that was published (sha256 {}... instead of {}...); {}.": (
        "文件 {0} 不是发布的那一个（sha256 为 {1}...，应为 {2}...）；{3}。"
    ),
    "The file {} is no FastGAN of 1024 pixels: it has {} too many.": "文件 {0} 不是 1024 像素的 FastGAN：多出 {1}。",
    "The file {} is no FastGAN of 1024 pixels: it lacks {}.": "文件 {0} 不是 1024 像素的 FastGAN：缺少 {1}。",
    "The file {} is no FastGAN of 1024 pixels: its tensors have other shapes.": (
        "文件 {0} 不是 1024 像素的 FastGAN：张量形状不同。"
    ),
    "The file {} names its {} directions as {}; it takes as many different names.": (
        "文件 {0} 给 {1} 个方向起的名称是 {2}；需要同样多个互不相同的名称。"
    ),
    "The folder is {}; give the name of one, new or with a model in it.": (
        "文件夹是 {0}；请给出新文件夹或已含模型的文件夹的名称。"
    ),
    "The model was not saved in {} ({}); choose a folder with space that is yours.": (
        "模型没能保存到 {0}（{1}）；请选择空间足够且有写入权限的文件夹。"
    ),
    "The model was not saved, because {} has numbers that are not finite.": "模型没有保存，因为 {0} 中有非有限的数。",
    "The numbers in {} do not make a network; save the model again.": "{0} 中的数值无法构成网络；请重新保存模型。",
    "The numbers in {} do not make a network; get the file again.": "{0} 中的数值无法构成网络；请重新获取文件。",
    "The {} model {} is not pinned to a commit of {}, so it is not downloaded.": (
        "{0} 模型 {1} 没有固定到 {2} 的某个提交，因此不下载。"
    ),
    "{} has a README.md but no model, and would lose it; give another folder.": (
        "{0} 中有 README.md 却没有模型，保存会丢失它；请换一个文件夹。"
    ),
    "{} is a file; a model is saved as a folder, so give the name of one.": (
        "{0} 是文件；模型保存为文件夹，请给出文件夹的名称。"
    ),
    # What stands in them.
    "whole number": "整数",
    "whole number of pixels": "像素数（整数）",
    "whole number of bytes": "字节数（整数）",
    "style picture {} ({})": "风格图 {0}（{1}）",
    "picture {}": "图片 {0}",
    "file {}": "文件 {0} ",
    "amount of {}": "{0} 的幅度",
    "a {} that cannot be shown": "无法显示的 {0}",
    "{} and {} more": "{0}，以及另外 {1} 个",
    "it lacks {}": "缺少 {0}",
    "it has {} too many": "多出 {0}",
    "it lacks {} and it has {} too many": "缺少 {0}，又多出 {1}",
    "{}, or use the CPU (--device cpu)": "{0}，或改用 CPU（--device cpu）",
    "ask for fewer than {} pictures": "请少要几张，少于 {0} 张",
    "try size={}": "请试试 size={0}",
    "at {} pixels": "绘制 {0} 像素",
    "loading the model {}": "加载模型 {0}",
    "looking for a picture of {} pixels": "寻找 {0} 像素的图片",
    "making pictures of {} pixels": "生成 {0} 像素的图片",
    "making a picture of {}x{} pixels": "生成 {0}x{1} 像素的图片",
    "taking apart a picture of {}x{} pixels": "分解 {0}x{1} 像素的图片",
    "restore it with 'git checkout -- {}' or make a new clone": "请用“git checkout -- {0}”恢复，或重新克隆仓库",
    "the Hub repository {} sent it so again, so do not use it, and tell its owner": (
        "Hub 仓库 {0} 再次传来同样的文件，请不要使用它，并告知其所有者"
    ),
    "The scale of {} has the shape {}.": "{0} 的缩放系数形状为 {1}。",
    "more than {} bytes": "超过 {0} 字节",
    "{} is not a number": "{0} 不是数字",
    "The model {} paints one picture at a time; use 'fast' for a batch.": (
        "模型 {0} 每次只画一张图片；批量绘制请使用 'fast'。"
    ),
    "The results of a batch would be of {} pixels; give orders of one size.": (
        "一批结果的尺寸将是 {0} 像素；请给出尺寸相同的任务。"
    ),
    "The pictures of a batch are of {} pixels; give pictures of one size.": (
        "一批图片的尺寸是 {0} 像素；请给出尺寸相同的图片。"
    ),
    "The machine that worked on this was lost; please start it again.": "处理此任务的机器已断开；请重新开始。",
    "A running cluster takes no further {} model like {}; name it in serve.yaml.": (
        "运行中的集群不再接受 {1} 这样的 {0} 模型；请在 serve.yaml 中写明。"
    ),
}
