// A drawn plotly figure as a still picture: a data address of some 35 kB.

const SVG = "http://www.w3.org/2000/svg";
const SHARPNESS = 1.25; // pixels of the picture for one of the page

function vector(plot) {
    const { width, height, paper_bgcolor: ground } = plot._fullLayout;
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
        svg.setAttribute(name, value);
    svg.style.background = ground;
    for (const layer of plot.querySelectorAll(".main-svg"))
        for (const part of layer.children) svg.append(part.cloneNode(true));
    for (const hover of svg.querySelectorAll(".hoverlayer")) hover.replaceChildren();
    return [new XMLSerializer().serializeToString(svg), width, height];
}

async function takePicture(plot) {
    const [text, width, height] = vector(plot);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), {
        width: SHARPNESS * width, height: SHARPNESS * height,
    });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    // Encoded beside the page's own work. A browser without WebP makes a PNG of it.
    const blob = await new Promise(resolve => canvas.toBlob(resolve, "image/webp", 0.8));
    const reader = new FileReader();
    const read = new Promise((resolve, reject) => {
        reader.onload = () => resolve(reader.result);
        reader.onerror = () => reject(reader.error);
    });
    reader.readAsDataURL(blob);
    return read;
}
