//! Everything secret about a test control plane: the server's certificate, the
//! key that signs service account tokens, one bearer token per user, and the
//! kubeconfig files that hold them. All files are 0600 in a 0700 folder.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::KeyPair;

/// Who talks to the API server. Only `Admin` may do anything from the start;
/// the others get a RoleBinding from the test that needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    Admin,
    Viewer,
    Editor,
    Nobody,
    /// Of the one test that gives rights on the whole cluster and takes them away:
    /// tests run side by side, and whoever else is that user has them too.
    Operator,
}

impl User {
    const ALL: [Self; 5] = [Self::Admin, Self::Viewer, Self::Editor, Self::Nobody, Self::Operator];

    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Nobody => "nobody",
            Self::Operator => "operator",
        }
    }

    /// The groups that the API server sees the user in.
    fn groups(self) -> &'static str {
        match self {
            Self::Admin => "system:masters",
            Self::Viewer | Self::Editor | Self::Nobody | Self::Operator => "people",
        }
    }
}

/// The files of one control plane, by path.
pub struct Credentials {
    folder: PathBuf,
}

impl Credentials {
    /// Makes keys, certificate and tokens in `folder`.
    pub fn make(folder: &Path) -> Result<Self, String> {
        let made = Self { folder: folder.to_owned() };
        made.write_all().map_err(|error| format!("credentials: {error}"))?;
        Ok(made)
    }

    fn write_all(&self) -> Result<(), Box<dyn std::error::Error>> {
        let server = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        write_private(&self.certificate(), &server.cert.pem())?;
        write_private(&self.certificate_key(), &server.signing_key.serialize_pem())?;
        let signer = KeyPair::generate()?;
        write_private(&self.signing_key(), &signer.serialize_pem())?;
        write_private(&self.signing_public_key(), &signer.public_key_pem())?;
        let mut tokens = String::new();
        for user in User::ALL {
            let mut token = String::new();
            for byte in random_bytes()? {
                write!(token, "{byte:02x}")?;
            }
            writeln!(tokens, "{token},{},{},\"{}\"", user.name(), user.name(), user.groups())?;
            write_private(&self.token(user), &token)?;
        }
        write_private(&self.tokens(), &tokens)?;
        Ok(())
    }

    /// Writes one kubeconfig per user that leads to `server`.
    pub fn write_kubeconfigs(&self, server: &str) -> Result<(), String> {
        for user in User::ALL {
            let token = fs::read_to_string(self.token(user)).map_err(|error| format!("token: {error}"))?;
            let config = serde_json::json!({
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": self.certificate()}}],
                "users": [{"name": user.name(), "user": {"token": token}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": user.name()}}],
            });
            write_private(&self.kubeconfig(user), &config.to_string())
                .map_err(|error| format!("kubeconfig: {error}"))?;
        }
        Ok(())
    }

    pub fn kubeconfig(&self, user: User) -> PathBuf {
        self.folder.join(format!("{}.kubeconfig", user.name()))
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.join("server.crt")
    }

    pub fn certificate_key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    pub fn signing_key(&self) -> PathBuf {
        self.folder.join("sa.key")
    }

    /// Apart from the private key: the API server reads ECDSA keys in PKCS 8
    /// form for signing, but not for checking.
    pub fn signing_public_key(&self) -> PathBuf {
        self.folder.join("sa.pub")
    }

    pub fn tokens(&self) -> PathBuf {
        self.folder.join("tokens.csv")
    }

    fn token(&self, user: User) -> PathBuf {
        self.folder.join(format!("{}.token", user.name()))
    }
}

fn random_bytes() -> Result<[u8; 16], getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}
