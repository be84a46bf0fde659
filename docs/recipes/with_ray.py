from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

from kit.train import Recipe, distributed, fit
from tests.pretraining import examples, model  # in place of these: your model and your examples


def train(settings):
    """What each worker does. The process group is Ray's, and `fit` uses it."""
    run = fit(model("words"), examples("words"), Recipe(**settings["recipe"]))
    if distributed.rank() == 0:
        run.save(settings["out"])


def start(out, storage, workers=2, **recipe):
    """Train with so many workers. out: the file for the run."""
    TorchTrainer(
        train,
        train_loop_config={"recipe": recipe, "out": out},
        scaling_config=ScalingConfig(num_workers=workers),  # use_gpu=True: one GPU for each
        run_config=RunConfig(storage_path=storage),  # a folder that all machines can read
    ).fit()
