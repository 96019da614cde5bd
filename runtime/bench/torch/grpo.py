# A step of TRL's GRPOTrainer from the same checkpoint on the same prompts, its defaults otherwise; logging and saving are off.

from turns import asked, loaded, need, now, row, task, tell

torch = need(lambda: __import__("torch"))
need(lambda: __import__("trl"))
torch.set_num_threads(task["threads"])
from datasets import load_dataset
from transformers import PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

loaded()
folder = task["folder"]


class Turns(TrainerCallback):
    """From the end of one step to the end of the next: rollouts, reward, gradient, update."""

    start = None

    def on_train_begin(self, args, state, control, **_):
        if asked():
            self.start = now()
        else:
            control.should_training_stop = True

    def on_step_end(self, args, state, control, **_):
        tell(self.start)
        if asked():
            self.start = now()
        else:
            control.should_training_stop = True


config = GRPOConfig(
    output_dir=folder + "/trl",
    per_device_train_batch_size=row["batch"],
    num_generations=8,
    max_completion_length=row["tokens"],
    learning_rate=1e-6,
    max_steps=100000,
    use_cpu=True,
    bf16=False,
    gradient_checkpointing=False,
    logging_strategy="no",
    save_strategy="no",
    report_to=[],
    disable_tqdm=True,
    model_init_kwargs={"dtype": "float32"},
)
# `AutoTokenizer` would take Qwen's own for this model, whatever the folder says. Our prompts begin with <bos>.
rows = load_dataset("json", data_files=folder + "/rows.jsonl", split="train", cache_dir=folder + "/cache").map(lambda one: {"prompt": "<bos> " + one["prompt"]})
trainer = GRPOTrainer(
    model=folder + "/model",
    reward_funcs=lambda completion_ids, **_: [float(len(ids)) for ids in completion_ids],
    args=config,
    train_dataset=rows,
    processing_class=PreTrainedTokenizerFast.from_pretrained(folder + "/model", padding_side="left"),
    callbacks=[Turns()],
)
trainer.train()
