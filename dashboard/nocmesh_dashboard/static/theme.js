// Before the first paint: the theme that was chosen here, else the system's.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch (error) {
    console.warn("the theme cannot be remembered:", error.message);
  }
})();
