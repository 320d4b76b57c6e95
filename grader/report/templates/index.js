"use strict";
// Sorting and filtering for the tables of submissions. Without it the page is complete, only still.
(() => {
  const cellValue = (row, column) => row.children[column].dataset.value ?? row.children[column].textContent.trim();

  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    if (a !== "" && b !== "" && Number.isFinite(x) && Number.isFinite(y)) return x - y;
    return a.localeCompare(b, "en", { numeric: true, sensitivity: "base" });
  };

  const sortBy = (table, header, column) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of header.parentElement.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, value: cellValue(row, column) }));
    rows.sort((a, b) => (down ? -1 : 1) * compare(a.value, b.value) || a.place - b.place);
    body.append(...rows.map(({ row }) => row));
  };

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, header, column));
    });
  }

  for (const tools of document.querySelectorAll("[data-filter]")) {
    const rows = [...document.getElementById(tools.dataset.filter).tBodies[0].rows];
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const count = tools.querySelector("output");
    tools.querySelector("input").addEventListener("input", (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        row.hidden = !words.every((word) => texts.get(row).includes(word));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = words.length ? `${shown} of ${rows.length}` : "";
    });
    tools.hidden = false;
  }
})();
