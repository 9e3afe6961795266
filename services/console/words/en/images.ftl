# Images.
area-images = Images
about-area-images = What emails show: photographs, logos – uploaded once, sized for mail, shown to whoever opens one.
images-none = Nothing was uploaded yet.
image-upload = Upload
image-name = Name
image-name-help = Left empty: the name of the file.
image-name-missing = Give it a name.
image-alt-en = What it shows, in English
image-alt-ar = What it shows, in Arabic
image-alt-help = For those who do not see it, and for mail programs that do not show images.
image-words-help = Templates that show it keep the words they have.
image-kilobytes = { $it } kB
image-no-alt = Not described
image-in-source = In a template's source:
image-uses = Shown by
image-unused = no template
image-describe = Save
image-remove = Remove
image-remove-text = No template shows it. In mails that were sent with it there will be nothing in its place.
image-remove-confirm = Remove the image for good? Mails that were sent with it will show nothing in its place.
image-in-use = It cannot be removed while these templates show it: retire them, or take it out of them, drafts too.
image-too-large = The file is larger than is taken.
image-too-many-pixels = The picture has more pixels than are taken, all its frames together.
image-svg = SVG is not taken: most mail programs do not show it, and it can carry scripts. Export it as PNG.
image-foreign = The file is no PNG, JPEG or GIF, whatever its name says.
image-damaged = The picture is damaged.
image-choose = Choose an image
image-choose-help = It takes the place of the image that is selected, or comes after the block that is. Its width and words come with it.
image-choose-source = It is put where the cursor stands.
images-weight = { $count ->
    [one] One image of yours, { $kilobytes } kB.
   *[other] { $count } images of yours, { $kilobytes } kB together.
}
notice-image-kept = The image is kept, fit for mail.
notice-image-known = This image is there already.
notice-image-described = Saved.
notice-image-removed = The image was removed.
field-images-url = Where your images are
lint-unknown-image = Image is not there
lint-heavy-images = Heavy images
lint-help-unknown-image = It was removed, or never uploaded. Choose one that is there.
lint-help-heavy-images = On a slow line they come after the reader has gone. Show fewer, or smaller ones.
block-said-image = The image is in its place.
