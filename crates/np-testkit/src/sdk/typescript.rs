//! The official TypeScript SDK. Types are gone when a script runs, and its SDK checks no answer: so the answers that scripts
//! saw are written down as literals of the types that the SDK gives them, and the compiler judges those too.

use std::{fmt::Write as _, fs, os::unix::fs::symlink, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::{environment::Environment, printed};

/// A folder of scripts, compiled with every strictness on.
#[derive(Debug)]
pub struct Scripts {
    folder: TempDir,
}

/// An answer, and the SDK's name for what it should be.
#[derive(Debug, Clone, Deserialize)]
pub struct Kept(
    /// The type, such as `Cloudflare.Zones.Zone`.
    pub String,
    /// What came.
    pub Value,
);

impl Scripts {
    /// Compiles all scripts of a folder.
    ///
    /// # Errors
    /// When the SDK is not installed, or when the compiler finds fault; with what it says.
    pub async fn compile(sources: &Path) -> anyhow::Result<Self> {
        let scripts = Self { folder: tempfile::tempdir()? };
        let project = scripts.folder.path();
        symlink(Environment::Node.file("node_modules")?, project.join("node_modules"))?;
        fs::write(project.join("package.json"), r#"{ "type": "module" }"#)?;
        fs::write(project.join("tsconfig.json"), CONFIG)?;
        fs::create_dir(project.join("src"))?;
        for entry in fs::read_dir(sources)? {
            let file = entry?;
            fs::copy(file.path(), project.join("src").join(file.file_name()))?;
        }
        scripts.compiler().await?;
        Ok(scripts)
    }

    /// Runs the script `name` and returns the JSON that it prints.
    ///
    /// # Errors
    /// When the script fails, with what it said, or prints something else.
    pub async fn run(&self, name: &str, arguments: &[String]) -> anyhow::Result<Value> {
        let mut node = Command::new("node");
        let script = self.folder.path().join("out").join(name).with_extension("js");
        node.arg("--enable-source-maps").arg(script).args(arguments).kill_on_drop(true);
        Ok(printed(node).await?.0)
    }

    /// Holds answers against the types of the SDK: each value must be one that its type allows, enumerations included. Fields
    /// that the type does not have are allowed.
    ///
    /// # Errors
    /// When one does not fit; with what the compiler says.
    pub async fn fits(&self, answers: &[Kept]) -> anyhow::Result<()> {
        let mut source = FITS.to_owned();
        for Kept(name, value) in answers {
            writeln!(source, "fits<{name}>()({value:#});")?;
        }
        fs::write(self.folder.path().join("src/answers.ts"), source)?;
        self.compiler().await
    }

    async fn compiler(&self) -> anyhow::Result<()> {
        let compiler = Environment::Node.file("node_modules/typescript/bin/tsc")?;
        let mut node = Command::new("node");
        node.arg(compiler).arg("--project").arg(self.folder.path()).kill_on_drop(true);
        let output = node.output().await.context("node does not start")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "the compiler finds fault: {said}");
        Ok(())
    }
}

const CONFIG: &str = r#"{
  "compilerOptions": {
    "strict": true, "module": "nodenext", "target": "es2023", "rootDir": "src", "outDir": "out",
    "skipLibCheck": true, "sourceMap": true, "types": ["node"]
  },
  "include": ["src"]
}"#;

/// A type parameter is inferred with what the value has beyond `T`, which a declared type would refuse.
const FITS: &str = "
import Cloudflare from 'cloudflare';
import type * as Shared from 'cloudflare/resources/shared';
function fits<T>() { return <const U extends T>(value: U): U => value; }
";
