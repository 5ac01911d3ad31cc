import { render } from "preact";
import { App } from "./app/app.tsx";
import { applyTheme } from "./app/theme.ts";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/overview.css";
import "./styles/metrics.css";
import "./styles/rollouts.css";
import "./styles/details.css";

applyTheme();
const page = document.querySelector("#page");
if (page !== null) render(<App />, page);
