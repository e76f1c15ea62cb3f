// What every page of the lab begins with, before Streamlit's own code runs.
import { keep, sayLanguage } from "./address.js";
import { language } from "./remembered.js";

keep();
const chosen = language();
if (chosen) sayLanguage(chosen); // so the first thing that is drawn is in it
