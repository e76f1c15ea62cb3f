// Every length of time that the browser goes by, with its unit and its reason.

// Playing.
export const MOMENTS_PER_SECOND = 16; // at speed 1: recorded moments, so that it is slow where much happens
export const LONGEST_TICK = 500; // ms between two ticks that count at most: after a pause of the browser nothing is skipped

export const KEEPING = 500; // ms until what there is of a run is kept in its card: once for all that comes meanwhile

// Painting.
export const PAINT_BUDGET = 24; // ms of an animation frame after which no further picture is begun: the page stays responsive
export const IDLE_WAIT = 300; // ms between two looks whether there is time to paint what is out of sight
export const SETTLE = 300; // ms without a picture after which Plotly lays out what was only redrawn
export const DRAG_WAIT = 100; // ms until a picture that the visitor is dragging in is tried again

// The connection to the server.
export const RECONNECT = 250; // ms before a connection that was cut is opened again; twice as long after each further time
export const LONGEST_RECONNECT = 4000; // ms, at most
export const ESTABLISHED = 5000; // ms after which an open websocket has proved that it gets through, although nothing came
export const WEBSOCKET_RETRY = 30_000; // ms between attempts to have a websocket, while requests take its place
export const POLL_INTERVAL = 250; // ms between two requests that bring nothing new, at least
export const CONNECTION_CHECK = 1500; // ms between two looks at the connection; one that is away at both is said to be

// Small things.
export const COPIED = 2000; // ms for which a button says that it has copied
export const HEADING_WAIT = 2000; // ms in which a heading that is to be brought into view may still be drawn
export const FOLDS_WAIT = 2000; // ms in which groups of settings may still be drawn after the script has run
export const MOMENT_REST = 300; // ms for which the playhead has to stand before the address says where
export const DOWNLOAD_KEPT = 10_000; // ms for which a browser may read what it saves
