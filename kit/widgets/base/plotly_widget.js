// A plotly figure in the browser. Plotly's own widget draws it; its code is on the page once, for
// all figures of all notebooks in the page.

const PATIENCE = 15_000; // milliseconds until the library is asked for again
const ATTACHED = 1_000; // milliseconds to wait for a place on the page
const AT_REST = 2_000; // milliseconds without a change, after which a picture is taken
const UNSEEN = "position: absolute; left: -10000px; width: 900px";
// What Python sends to plotly's widget: each is set, and then set to null.
const MESSAGES = [
    "addTraces", "deleteTraces", "moveTraces", "restyle", "relayout", "update", "animate",
    "removeLayoutProps", "removeTraceProps",
].map(name => `_py2js_${name}`);

// version -> {module: a promise of plotly's code, publish(code), loading}
const LIBRARIES = (globalThis.lmTransferKitPlotly ??= {});

function library(version) {
    if (LIBRARIES[version]) return LIBRARIES[version];
    const entry = { loading: false };
    const module = new Promise((resolve, reject) => {
        entry.publish = packed => {
            if (entry.loading) return;
            entry.loading = true;
            unpack(packed).then(resolve, error => {
                delete LIBRARIES[version]; // the next figure tries again
                reject(error);
            });
        };
    });
    module.catch(() => {}); // each figure reports it where it stands
    return (LIBRARIES[version] = Object.assign(entry, { module }));
}

async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), character => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const code = new Blob([await new Response(stream).text()], { type: "text/javascript" });
    const address = URL.createObjectURL(code);
    try {
        return await import(address);
    } finally {
        URL.revokeObjectURL(address);
    }
}

// The model of another widget: managers answer with a promise, with nothing, or with an error.
async function find(manager, id) {
    const found = await manager.get_model(id);
    if (!found) throw new Error(`widget model not found: ${id}`);
    return found;
}

class Figure {
    constructor(model) {
        this.model = model;
        this.views = new Set();
        this.early = []; // what Python sent before plotly's widget could hear it
        this.handlers = [];
        const note = name => {
            const message = model.get(name);
            if (message !== null) this.early?.push([name, message]);
        };
        for (const name of MESSAGES) model.on(`change:${name}`, () => note(name));
        model.on("change:takes_pictures", () => this.changed());
        model.on("change:_times_sent", () => this.redraw());
        model.on("msg:custom", content => {
            if (content.library) this.library.publish(content.library);
            if (content.edits) this.compare(content.edits);
        });
        this.hear();
        this.ready = this.start();
        this.ready.catch(() => {}); // each view reports it
    }

    get library() {
        return library(this.model.get("_library_version"));
    }

    // anywidget drops every message for a model whose module took more than two seconds to load.
    async hear() {
        const { widget_manager: manager } = this.model;
        const own = await find(manager, this.model.get("_own_id")).catch(() => null);
        this.own = own;
        if (!own?.comm?.on_msg) return;
        const base = Object.getPrototypeOf(Object.getPrototypeOf(own));
        own.comm.on_msg(message => own._handle_comm_msg(message).catch(error => {
            if (!String(error).includes("Failed to initialize")) throw error;
            return base._handle_comm_msg.call(own, message);
        }));
    }

    async start() {
        const { model } = this;
        const { module } = this.library;
        this.take();
        this.plotly = await module;
        this.widget = this.plotly.default();
        // It keeps the data and layout of the model up to date, also where nothing is shown.
        this.widget.initialize({ model: this.relay((event, handler) => {
            this.handlers.push([event, handler]);
            model.on(event, handler);
        }) });
        for (const [name, message] of this.early) {
            this.replayed = { [name]: message };
            for (const [event, handler] of this.handlers)
                if (event === `change:${name}`) handler();
        }
        this.replayed = this.early = null;
        for (const name of MESSAGES) model.on(`change:${name}`, () => this.changed());
        this.changed();
    }

    // Send a still picture, once the figure has come to rest and the page has time.
    changed() {
        if (!this.widget || this.early || !this.model.get("takes_pictures")) return;
        clearTimeout(this.rest);
        const whenIdle = globalThis.requestIdleCallback ?? setTimeout;
        this.rest = setTimeout(() => whenIdle(() => this.sendPicture()), AT_REST);
    }

    async sendPicture() {
        const view = [...this.views].find(view => view.drawn && view.el.isConnected);
        const unseen = view ? null : Object.assign(document.createElement("div"), { style: UNSEEN });
        let remove;
        try {
            if (unseen) {
                document.body.append(unseen);
                remove = this.draw(unseen);
                await new Promise(resolve => setTimeout(resolve, ATTACHED));
            }
            const picture = await takePicture(unseen ?? view.el);
            if (picture !== this.picture) this.model.send({ kind: "picture", picture });
            this.picture = picture;
        } catch (error) {
            console.warn(`No still picture of a figure: ${error}`);
        } finally {
            remove?.();
            unseen?.remove();
        }
    }

    // Ask for the whole state if Python made more edits than arrived here.
    async compare([traces, ...edits]) {
        const { model } = this;
        await this.own?.state_change;
        const behind = model.get("_widget_data").length !== traces
            || model.get("_last_trace_edit_id") < edits[0]
            || model.get("_last_layout_edit_id") < edits[1];
        if (behind) model.send({ kind: "state" });
    }

    // Take the library from the widget that holds it; where there is none, ask Python for it.
    async take() {
        const { model, library } = this;
        if (library.loading) return;
        try {
            const holder = await find(model.widget_manager, model.get("_library_holder"));
            library.publish(holder.get("code"));
        } catch {
            this.asks = setInterval(() => this.ask(), PATIENCE);
            library.module.finally(() => clearInterval(this.asks)).catch(() => {});
            this.ask();
        }
    }

    ask() {
        const { library } = this;
        for (const view of this.views) view.say(
            "This figure waits for its drawing library, which was asked for again. It comes when "
            + "the running cell has ended. Without a running kernel: run the notebook again."
        );
        const asked = library.asked ?? -Infinity;
        if (library.loading || performance.now() - asked < 0.9 * PATIENCE) return;
        library.asked = performance.now();
        this.model.send({ kind: "library" });
    }

    // The model as plotly's widget sees it; `listen` registers its handlers.
    relay(listen) {
        const { model } = this;
        return {
            get: name => this.replayed && name in this.replayed
                ? this.replayed[name] : model.get(name),
            set: (name, value) => model.set(name, value),
            save_changes: () => model.save_changes(),
            on: listen,
        };
    }

    redraw() {
        for (const view of this.views) view.draw();
    }

    // Draw into a place on the page; a function that ends this. Each place has a widget of
    // plotly's own: so its handlers end with it.
    draw(el) {
        const handlers = [];
        let listening = false;
        const widget = this.plotly.default();
        widget.initialize({ model: this.relay((event, handler) => {
            if (!listening) return; // these keep the model up to date, which is done once
            this.model.on(event, handler);
            handlers.push([event, handler]);
        }) });
        listening = true;
        const remove = widget.render({ model: this.model, el });
        return () => {
            for (const [event, handler] of handlers) this.model.off(event, handler);
            remove?.();
        };
    }
}

class View {
    constructor(figure, model, el) {
        Object.assign(this, { figure, model, el });
        figure.views.add(this);
        el.style.minHeight = `${model.get("_widget_layout")?.height || 360}px`;
        this.say("Loading the figure …");
        this.shown = this.show();
    }

    say(text) {
        if (this.drawn || this.gone) return;
        const note = Object.assign(document.createElement("p"), { textContent: text });
        note.className = "kit-figure-note";
        note.style.cssText = "font: 15px sans-serif; color: #666; padding: 1em";
        this.el.replaceChildren(note);
    }

    async show() {
        try {
            await Promise.all([this.figure.ready, this.attached()]);
        } catch (error) {
            this.say(`This figure could not be drawn (${error}). Reload the page; if that does not `
                + "help, use a current version of Chrome, Edge, Firefox or Safari.");
            return;
        }
        this.draw();
        this.model.send({ kind: "edits" });
    }

    // Plotly measures the place of a figure when it draws.
    attached() {
        const { el } = this;
        return new Promise(resolve => {
            const observer = new ResizeObserver(() => {
                if (el.isConnected && el.clientWidth > 0) done();
            });
            const done = () => { observer.disconnect(); resolve(); };
            observer.observe(el);
            setTimeout(done, ATTACHED);
        });
    }

    draw() {
        const { figure, el } = this;
        if (this.gone || !figure.widget || figure.early) return;
        this.clear();
        this.drawn = true;
        el.replaceChildren();
        el.style.minHeight = "";
        this.remove = figure.draw(el);
        figure.changed();
        el.on?.("plotly_afterplot", () => figure.changed());
    }

    clear() {
        this.remove?.();
        this.remove = null;
    }

    end() {
        this.gone = true;
        this.figure.views.delete(this);
        this.clear();
    }
}

export default () => {
    let figure;
    return {
        initialize({ model }) {
            figure = new Figure(model);
        },
        render({ model, el }) {
            const view = new View(figure, model, el);
            return () => view.end();
        },
    };
};
