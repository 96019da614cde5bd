// Stage kind → how the native engine runs it.

import { asyncGrpo } from './async-grpo.js'
import { attentionSft } from './attention-sft.js'
import { collect } from './collect.js'
import { dpo } from './dpo.js'
import { evaluation } from './evaluate.js'
import { filter } from './filter.js'
import { generate } from './generate.js'
import { grpo } from './grpo.js'
import { gradientNorm } from './gradient-norm.js'
import { sft } from './sft.js'
import { evaluateClassifier } from './evaluate-classifier.js'
import { evaluateLoss } from './evaluate-loss.js'
import { evaluateRewardModel } from './evaluate-reward-model.js'
import { forceAnswer } from './force-answer.js'
import { sameWeights } from './same-weights.js'
import { lora } from './lora.js'
import { majorityVote } from './majority-vote.js'
import { partSearch } from './part-search.js'
import { treeSearch } from './tree-search.js'
import { generateWithTools } from './generate-with-tools.js'
import { merge } from './merge.js'
import { mergeLora } from './merge-lora.js'
import { offlineRl } from './offline-rl.js'
import { onlineRl } from './online-rl.js'
import { perplexity } from './perplexity.js'
import { ppo } from './ppo.js'
import { pretrain } from './pretrain.js'
import { rewardModel } from './reward-model.js'
import { shrinkPerturb } from './shrink-perturb.js'
import { supervised } from './supervised.js'
import type { StageKind } from './stage.js'

export const kinds: Readonly<Record<string, StageKind>> = {
  Pretrain: pretrain,
  Supervised: supervised,
  Sft: sft,
  AttentionSft: attentionSft,
  Dpo: dpo,
  RewardModel: rewardModel,
  EvaluateRewardModel: evaluateRewardModel,
  Grpo: grpo,
  AsyncGrpo: asyncGrpo,
  Ppo: ppo,
  OfflineRl: offlineRl,
  Collect: collect,
  OnlineRl: onlineRl,
  ShrinkPerturb: shrinkPerturb,
  Merge: merge,
  Lora: lora,
  MergeLora: mergeLora,
  IsolatePaths: sameWeights,
  ReweighAttention: sameWeights,
  GenerateWithTools: generateWithTools,
  Evaluate: evaluation,
  EvaluateClassifier: evaluateClassifier,
  GradientNorm: gradientNorm,
  EvaluateLoss: evaluateLoss,
  Generate: generate,
  Filter: filter,
  Perplexity: perplexity,
  PartSearch: partSearch,
  ForceAnswer: forceAnswer,
  MajorityVote: majorityVote,
  TreeSearch: treeSearch,
}
