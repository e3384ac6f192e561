"""How a study is computed: plan, batches, folder, and the datasets at the end."""
