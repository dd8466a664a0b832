// The search of the list of models: words that all stand in a model's id, name, text or categories.
(() => {
  const root = document.getElementById("model-search");
  if (!root) return;
  const input = root.querySelector("input");
  const list = root.querySelector("ul");
  const count = root.querySelector(".count");

  const show = (models) => {
    list.replaceChildren(
      ...models.map((model) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = model.page;
        link.textContent = model.id;
        item.append(link, ` ${model.about || model.name}`);
        return item;
      }),
    );
    count.textContent = models.length === 1 ? "1 model" : `${models.length} models`;
  };

  fetch(root.dataset.index)
    .then((answer) => answer.json())
    .then((models) => {
      const texts = models.map((model) =>
        [model.id, model.name, model.about, ...model.tags].join(" ").toLowerCase(),
      );
      const search = () => {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        show(models.filter((_, at) => words.every((word) => texts[at].includes(word))));
      };
      input.addEventListener("input", search);
      input.value = new URLSearchParams(location.search).get("find") || "";
      search();
    });
})();
