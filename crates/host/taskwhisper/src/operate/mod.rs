//! The commands for those who run the system, and for those who try a handler by hand. They work
//! beside running hosts, on the same event log and the same Kafka.

mod dead_letter;
mod dead_letters;
mod input;
mod invoke;
mod lag;
mod output;
mod publish;
mod replay;
mod tail;
mod target;
mod topics;

use crate::cli::{
    DeadLettersArgs, DeadLettersCommand, EventsArgs, EventsCommand, LagArgs, TopicsArgs,
    TopicsCommand,
};

pub use invoke::run as invoke;
pub use target::Target;
pub use topics::ensure as ensure_topics;

pub async fn topics(args: TopicsArgs) -> anyhow::Result<()> {
    let target = Target::load(&args.app).await?;
    match args.command {
        TopicsCommand::Create { replication_factor } => {
            topics::create(&target, replication_factor, args.app.json).await
        }
    }
}

pub async fn events(args: EventsArgs) -> anyhow::Result<()> {
    let target = Target::load(&args.app).await?;
    let json = args.app.json;
    match args.command {
        EventsCommand::Tail { topics, key, log } => {
            tail::run(&target, topics, key, log, json).await
        }
        EventsCommand::Publish(args) => publish::run(&target, &args, json).await,
        EventsCommand::Replay {
            topic,
            group,
            from,
            log,
        } => replay::run(&target, &topic, &group, from, log, json).await,
        EventsCommand::Forget { group } => replay::forget(&target, &group).await,
    }
}

pub async fn dead_letters(args: DeadLettersArgs) -> anyhow::Result<()> {
    let target = Target::load(&args.app).await?;
    let json = args.app.json;
    match args.command {
        DeadLettersCommand::List { which, all, limit } => {
            dead_letters::list(&target, &which, all, limit, json).await
        }
        DeadLettersCommand::Show { id } => dead_letters::show(&target, &id, json).await,
        DeadLettersCommand::Redrive { ids, all: _, which } => {
            dead_letters::redrive(&target, &ids, &which, json).await
        }
    }
}

pub async fn lag(args: LagArgs) -> anyhow::Result<()> {
    let target = Target::load(&args.app).await?;
    lag::run(&target, args.partitions, args.app.json).await
}
